import { expect, test } from 'vitest';
import {
  ann,
  bob,
  conversationOf,
  createConversation,
  draft,
  generationOf,
  type Open,
  outcome,
  replyDraft,
  useStore,
} from './fixtures.ts';

export function lifeTests(open: Open): void {
  const given = useStore(open);

  async function submitted(options?: Parameters<typeof draft>[0]) {
    return (await given.store.generations.submit(draft(options))).generation.id;
  }

  test('an attempt makes it running; the next one counts, and keeps when the first began', async () => {
    const { store } = given;
    const id = await submitted();
    await store.generations.start(id, 1, 1100);
    expect(await generationOf(store, id)).toMatchObject({ status: 'RUNNING', attempts: 1, startedAt: 1100 });
    await store.generations.start(id, 3, 1300);
    expect(await generationOf(store, id)).toMatchObject({ status: 'RUNNING', attempts: 3, startedAt: 1100 });
  });

  test('an earlier attempt, or one after the end, changes nothing', async () => {
    const { store } = given;
    const id = await submitted();
    await store.generations.start(id, 2, 1100);
    await store.generations.start(id, 1, 1200);
    expect(await generationOf(store, id)).toMatchObject({ attempts: 2, startedAt: 1100 });
    await store.generations.settle(id, outcome({ attempts: 2 }));
    await store.generations.start(id, 3, 2100);
    expect(await generationOf(store, id)).toMatchObject({ status: 'COMPLETED', attempts: 2 });
  });

  test('how it ended is kept in whole', async () => {
    const { store } = given;
    const id = await submitted();
    const end = outcome({
      status: 'FAILED',
      attempts: 2,
      text: 'Ishm\u{1f40b} "\n',
      finishReason: 'ERROR',
      usage: { promptTokens: null, completionTokens: 0 },
      error: { code: 'MODEL_UNAVAILABLE', message: 'Nobody answered.', retryable: true },
      startedAt: 1_795_000_000_123,
      firstTokenAt: null,
      endedAt: 1_795_000_000_456,
    });
    expect(await store.generations.settle(id, end)).toBe(true);
    expect(await generationOf(store, id)).toMatchObject(end);
  });

  test('only the first end counts', async () => {
    const { store } = given;
    const id = await submitted();
    const settle = () => store.generations.settle(id, outcome());
    expect((await Promise.all([settle(), settle(), settle()])).filter(Boolean)).toHaveLength(1);
    expect(await store.generations.settle(id, outcome({ status: 'CANCELLED', text: 'late' }))).toBe(false);
    expect(await generationOf(store, id)).toMatchObject({ status: 'COMPLETED', text: 'Ishmael.' });
    expect((await store.usage.totals([ann.id])).get(ann.id)).toMatchObject({ generations: 1 });
    expect(await store.generations.settle('gen_unknown', outcome())).toBe(false);
  });

  test('the end frees the conversation and makes it the last changed; a second end leaves the next reply alone', async () => {
    const { store } = given;
    const { id } = await createConversation(store);
    const first = await store.generations.submit(replyDraft(id));
    await store.generations.settle(first.generation.id, outcome({ endedAt: 9000 }));
    expect(await conversationOf(store, id)).toMatchObject({ activeGenerationId: null, updatedAt: 9000 });
    const second = await store.generations.submit(replyDraft(id, 'Again', { createdAt: 9100 }));
    await store.generations.settle(first.generation.id, outcome({ endedAt: 9900 }));
    const active = { activeGenerationId: second.generation.id, updatedAt: 9100 };
    expect(await conversationOf(store, id)).toMatchObject(active);
  });

  test('what is queued or running is unsettled, the oldest first', async () => {
    const { generations } = given.store;
    const [first, second, third] = [
      await submitted(),
      await submitted({ viewerId: bob.id, modelId: 'ox' }),
      await submitted(),
    ];
    await generations.start(third, 1, 1100);
    await generations.settle(await submitted(), outcome());
    const { createdAt } = draft().generation;
    expect(await generations.unsettled()).toEqual([
      { id: first, modelId: 'whale', viewerId: ann.id, status: 'QUEUED', createdAt },
      { id: second, modelId: 'ox', viewerId: bob.id, status: 'QUEUED', createdAt },
      { id: third, modelId: 'whale', viewerId: ann.id, status: 'RUNNING', createdAt },
    ]);
  });

  test('the place in line counts the queued of the same model, whoever asked for them', async () => {
    const { generations } = given.store;
    const [first, second, third] = [await submitted(), await submitted({ viewerId: bob.id }), await submitted()];
    const other = await submitted({ modelId: 'ox' });
    const asked = [third, other, first, 'gen_unknown'];
    expect(await generations.queuePositions(asked)).toEqual(
      new Map([
        [first, 1],
        [third, 3],
        [other, 1],
      ]),
    );
    await generations.start(first, 1, 1100);
    await generations.settle(second, outcome({ status: 'CANCELLED' }));
    expect(await generations.queuePositions(asked)).toEqual(
      new Map([
        [third, 1],
        [other, 1],
      ]),
    );
  });
}
