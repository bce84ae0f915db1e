import { expect, test } from 'vitest';
import { ann, bob, draft, type Open, outcome, useStore } from './fixtures.ts';

const first = Date.UTC(2026, 10, 21, 23, 59, 59, 999);
const second = first + 1;

export function usageTests(open: Open): void {
  const given = useStore(open);

  async function ended(
    createdAt: number,
    tokens: readonly [number | null, number],
    options: Parameters<typeof draft>[0],
  ) {
    const { generations } = given.store;
    const { generation } = await generations.submit(draft({ createdAt, ...options }));
    const [promptTokens, completionTokens] = tokens;
    await generations.settle(
      generation.id,
      outcome({ usage: { promptTokens, completionTokens }, endedAt: second + 9 }),
    );
  }

  test('is by viewer, model and the UTC day of acceptance, over all accounts, the last day first', async () => {
    const { usage } = given.store;
    await ended(first, [1, 2], { modelId: 'whale' });
    await ended(first, [null, 3], { modelId: 'whale', account: { id: 'key_1' } });
    await ended(second, [10, 20], { modelId: 'whale' });
    await ended(second, [7, 0], { modelId: 'ox' });
    await ended(second, [5, 5], { viewerId: bob.id });
    await given.store.generations.submit(draft({ createdAt: second, reservedTokens: 99 }));
    const today = [
      { day: '2026-11-22', modelId: 'ox', generations: 1, promptTokens: 7, completionTokens: 0 },
      { day: '2026-11-22', modelId: 'whale', generations: 1, promptTokens: 10, completionTokens: 20 },
    ];
    const before = { day: '2026-11-21', modelId: 'whale', generations: 2, promptTokens: 1, completionTokens: 5 };
    const bobs = { day: '2026-11-22', modelId: 'whale', generations: 1, promptTokens: 5, completionTokens: 5 };
    expect(await usage.byDay([ann.id, bob.id, 'usr_unknown'], first)).toEqual(
      new Map([
        [ann.id, [...today, before]],
        [bob.id, [bobs]],
      ]),
    );
    expect((await usage.byDay([ann.id], second)).get(ann.id)).toEqual(today);
    expect((await usage.totals([ann.id])).get(ann.id)).toEqual({
      generations: 4,
      promptTokens: 18,
      completionTokens: 25,
    });
  });
}
