import { expect, test } from 'vitest';
import {
  ann,
  bob,
  conversationOf,
  createConversation,
  draft,
  type Open,
  outcome,
  replyDraft,
  useStore,
} from './fixtures.ts';

export function conversationTests(open: Open): void {
  const given = useStore(open);

  test('a conversation is kept as it was created', async () => {
    const { store } = given;
    const made = await createConversation(store, { title: 'Whales', createdAt: 1_795_000_000_123 });
    expect(await store.conversations.byIds([made.id, 'conv_unknown', made.id])).toEqual([made]);
  });

  test('a new title changes nothing else; of a conversation that is gone nothing comes back', async () => {
    const { store } = given;
    const made = await createConversation(store, { title: 'Whales' });
    expect(await store.conversations.rename(made.id, 'Oxen')).toEqual({ ...made, title: 'Oxen' });
    expect(await conversationOf(store, made.id)).toEqual({ ...made, title: 'Oxen' });
    expect(await store.conversations.rename('conv_unknown', 'Oxen')).toBeUndefined();
  });

  test('a deleted conversation takes its messages and generations with it, and nothing else', async () => {
    const { generations, conversations } = given.store;
    const doomed = await createConversation(given.store);
    const kept = await createConversation(given.store);
    const first = replyDraft(doomed.id, 'One', { key: 'k' });
    await generations.submit(first);
    await generations.settle(first.generation.id, outcome());
    const [second, other, alone] = [replyDraft(doomed.id), replyDraft(kept.id), draft()];
    for (const each of [second, other, alone]) await generations.submit(each);
    const gone = [first.generation.id, second.generation.id];
    const stay = [other.generation.id, alone.generation.id];

    expect((await conversations.delete(doomed.id)).sort()).toEqual(gone);
    expect((await conversations.byIds([doomed.id, kept.id])).map(({ id }) => id)).toEqual([kept.id]);
    expect((await generations.byIds([...gone, ...stay])).map(({ id }) => id).sort()).toEqual(stay);
    expect(await conversations.messagesByIds([first.reply.messageId, second.reply.replyId])).toEqual([]);
    expect(await conversations.messagesByIds([other.reply.replyId])).toHaveLength(1);
    expect(await conversations.delete(doomed.id)).toEqual([]);
    expect(await generations.settle(second.generation.id, outcome())).toBe(false);
  });

  test('a message that is sent while its conversation is deleted is deleted with it, or refused', async () => {
    const { generations, conversations } = given.store;
    for (let round = 0; round < 10; round++) {
      const { id } = await createConversation(given.store);
      const sent = replyDraft(id);
      const deleting = () => conversations.delete(id);
      const sending = () =>
        generations.submit(sent).then(
          () => true,
          () => false,
        );
      const order = round % 2 ? [deleting(), sending()] : [sending(), deleting()];
      const answers = await Promise.all(order);
      const [gone, accepted] = round % 2 ? answers : answers.reverse();
      expect(gone).toEqual(accepted ? [sent.generation.id] : []);
      expect(await generations.byIds([sent.generation.id])).toEqual([]);
      expect(await conversations.messagesByIds([sent.reply.messageId, sent.reply.replyId])).toEqual([]);
    }
  });

  test('a viewer is known by the latest name and role', async () => {
    const { viewers } = given.store;
    await viewers.put({ ...ann, name: 'Anna', role: 'READER' });
    const found = await viewers.byIds([bob.id, ann.id, 'usr_unknown', ann.id]);
    expect(found).toHaveLength(2);
    expect(found).toContainEqual({ ...ann, name: 'Anna', role: 'READER' });
    expect(found).toContainEqual(bob);
  });

  test('an open store can be read, a closed one can not', async () => {
    const store = await open();
    await store.check();
    await store.close();
    await expect(store.check()).rejects.toThrow();
  });
}
