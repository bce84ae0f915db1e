import { expect, test } from 'vitest';
import type { Outcome } from '../../../src/domain/generation.ts';
import { ann, bob, createConversation, draft, type Open, outcome, replyDraft, useStore } from './fixtures.ts';

export function figureTests(open: Open): void {
  const given = useStore(open);

  async function ended(changes: Partial<Outcome>, options?: Parameters<typeof draft>[0]) {
    const { generation } = await given.store.generations.submit(draft(options));
    await given.store.generations.settle(generation.id, outcome(changes));
  }

  test('each model that was asked has its figures', async () => {
    const { generations } = given.store;
    await generations.submit(draft({ modelId: 'ox' }));
    await generations.submit(draft());
    const { generation } = await generations.submit(draft());
    await generations.start(generation.id, 1, 1100);
    await ended({ status: 'CANCELLED' });
    await ended({ status: 'FAILED' });
    await ended({ firstTokenAt: 1250, endedAt: 3250, usage: { promptTokens: 1, completionTokens: 60 } });
    await ended({ firstTokenAt: 1350, endedAt: 2350, usage: { promptTokens: 1, completionTokens: 40 } });
    expect(await generations.modelFigures()).toEqual(
      new Map([
        ['whale', { running: 1, queued: 1, processed: 4, tokensPerSecond: 35, timeToFirstTokenMs: 300 }],
        ['ox', { running: 0, queued: 1, processed: 0, tokensPerSecond: 0, timeToFirstTokenMs: null }],
      ]),
    );
  });

  test('the means are of the last 50 completed, and of those with a token', async () => {
    const { generations } = given.store;
    for (let i = 0; i < 70; i++) {
      const firstTokenAt = 1000 + i;
      const usage = { promptTokens: null, completionTokens: i };
      await ended({ firstTokenAt, endedAt: firstTokenAt + 1000, usage });
      await ended({ status: 'CANCELLED', firstTokenAt: 9000 });
    }
    const mean = (21 + 69) / 2;
    await ended({ text: '', firstTokenAt: null, usage: { promptTokens: null, completionTokens: 0 } });
    expect((await generations.modelFigures()).get('whale')).toEqual({
      running: 0,
      queued: 0,
      processed: 141,
      tokensPerSecond: mean,
      timeToFirstTokenMs: mean,
    });
  });

  test('what was processed and used stays counted when its conversation is deleted', async () => {
    const { store } = given;
    const { id } = await createConversation(store);
    const { generation } = await store.generations.submit(replyDraft(id));
    await store.generations.settle(generation.id, outcome());
    await store.conversations.delete(id);
    expect((await store.generations.modelFigures()).get('whale')?.processed).toBe(1);
    expect((await store.usage.totals([ann.id])).get(ann.id)?.generations).toBe(1);
  });

  test('a viewer is charged for what ended, however it did, and for nothing else', async () => {
    const { generations, usage } = given.store;
    await generations.submit(draft());
    await ended({ usage: { promptTokens: 10, completionTokens: 4 } });
    await ended({ status: 'CANCELLED', usage: { promptTokens: null, completionTokens: 2 } }, { modelId: 'ox' });
    const totals = await usage.totals([ann.id, bob.id]);
    expect(totals).toEqual(new Map([[ann.id, { generations: 2, promptTokens: 10, completionTokens: 6 }]]));
  });
}
