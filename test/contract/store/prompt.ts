import { expect, test } from 'vitest';
import { createConversation, draft, type Open, outcome, replyDraft, useStore } from './fixtures.ts';

export function promptTests(open: Open): void {
  const given = useStore(open);

  test('the messages that were given are the prompt, as they were', async () => {
    const { generations } = given.store;
    const messages = [
      { role: 'SYSTEM', text: 'Be \u{1f433}.' },
      { role: 'ASSISTANT', text: '' },
      { role: 'USER', text: 'Call me "x"\n' },
    ] as const;
    const { generation } = await generations.submit({ ...draft(), messages });
    expect(await generations.prompt(generation.id)).toEqual(messages);
  });

  test('the prompt of a reply is its conversation up to it, without empty replies', async () => {
    const { store } = given;
    const { id } = await createConversation(store);
    const other = await createConversation(store);
    await store.generations.submit(replyDraft(other.id, 'Elsewhere'));
    const ids: string[] = [];
    for (const [text, answer] of [
      ['One', 'First.'],
      ['Two', ''],
      ['Three', 'Thi'],
      ['Four', 'Fourth.'],
    ] as const) {
      const { generation } = await store.generations.submit(replyDraft(id, text));
      await store.generations.settle(generation.id, outcome({ text: answer, status: 'CANCELLED' }));
      ids.push(generation.id);
    }
    expect(await store.generations.prompt(ids[2] ?? '')).toEqual([
      { role: 'USER', text: 'One' },
      { role: 'ASSISTANT', text: 'First.' },
      { role: 'USER', text: 'Two' },
      { role: 'USER', text: 'Three' },
    ]);
    expect(await store.generations.prompt(ids[0] ?? '')).toEqual([{ role: 'USER', text: 'One' }]);
  });

  test('the prompt of a generation that is gone is NOT_FOUND', async () => {
    await expect(given.store.generations.prompt('gen_unknown')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
}
