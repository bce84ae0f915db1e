import { expect, test } from 'vitest';
import { ann, createConversation, draft, type Open, outcome, replyDraft, useStore } from './fixtures.ts';

export function statementTests(open: Open): void {
  const given = useStore(open);
  const page = { limit: 20, from: 'start' } as const;

  async function costOf(work: () => Promise<unknown>): Promise<number> {
    given.statements.length = 0;
    await work();
    return given.statements.length;
  }

  test('the page of 20 conversations with last message, author and running reply costs one statement each', async () => {
    const { generations, conversations, viewers } = given.store;
    for (let i = 0; i < 21; i++) {
      const { id } = await createConversation(given.store);
      await generations.submit(replyDraft(id));
    }
    const found: number[] = [];
    const cost = await costOf(async () => {
      const rows = (await conversations.page(ann.id, page)).rows.map(({ row }) => row);
      const messages = await conversations.messagesByIds(rows.flatMap(({ lastMessageId }) => lastMessageId ?? []));
      const running = await generations.byIds(rows.flatMap(({ activeGenerationId }) => activeGenerationId ?? []));
      const people = await viewers.byIds(running.map(({ viewerId }) => viewerId));
      found.push(rows.length, messages.length, running.length, people.length);
    });
    expect(found).toEqual([20, 20, 20, 1]);
    expect(cost).toBe(4);
  });

  test('what takes several ids costs the same for none, for three and for fifty of them, at most one statement', async () => {
    const { generations, conversations, viewers, usage, links, keys, audit } = given.store;
    const methods = {
      generations: generations.byIds,
      positions: generations.queuePositions,
      conversations: conversations.byIds,
      messages: conversations.messagesByIds,
      pages: (ids: string[]) => conversations.messagePages(ids, page),
      viewers: viewers.byIds,
      totals: usage.totals,
      byDay: (ids: string[]) => usage.byDay(ids, 0),
      standings: (ids: string[]) => usage.standings(ids, 1000),
      links: links.byIds,
      'links of targets': (ids: string[]) => links.ofTargets(ids, 0),
      keys: keys.byIds,
      uses: (ids: string[]) => keys.touch(ids, 1),
      events: audit.byIds,
    };
    for (const [name, read] of Object.entries(methods)) {
      const ids = (count: number) => Array.from({ length: count }, (_, i) => `conv_${i}`);
      const costs = [await costOf(() => read([])), await costOf(() => read(ids(3))), await costOf(() => read(ids(50)))];
      expect(costs, name).toEqual([0, 1, 1]);
    }
  });

  test('limits cost a submit two statements, and no limits none', async () => {
    const { generations } = given.store;
    const plain = await costOf(() => generations.submit(draft()));
    expect(await costOf(() => generations.submit(draft({ account: { tokensPerDay: 10 } })))).toBe(plain + 2);
    expect(await costOf(() => generations.submit(draft({ generationsAtOnce: 10 })))).toBe(plain + 2);
  });

  test('the figures of thirty models cost what those of one do', async () => {
    const { generations } = given.store;
    const figures = () => costOf(() => generations.modelFigures());
    const before = await figures();
    for (let i = 0; i < 30; i++) {
      const { generation } = await generations.submit(draft({ modelId: `model-${i}` }));
      await generations.settle(generation.id, outcome());
    }
    expect([before, await figures()]).toEqual([2, 2]);
  });
}
