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
    await generations.settle(second.generation.id, outcome());
    const gone = [first.generation.id, second.generation.id];
    const stay = [other.generation.id, alone.generation.id];

    expect((await conversations.delete(doomed.id))?.sort()).toEqual(gone);
    expect((await conversations.byIds([doomed.id, kept.id])).map(({ id }) => id)).toEqual([kept.id]);
    expect((await generations.byIds([...gone, ...stay])).map(({ id }) => id).sort()).toEqual(stay);
    expect(await conversations.messagesByIds([first.reply.messageId, second.reply.replyId])).toEqual([]);
    expect(await conversations.messagesByIds([other.reply.replyId])).toHaveLength(1);
    expect(await conversations.delete(doomed.id)).toBeUndefined();
    expect(await generations.settle(second.generation.id, outcome())).toBe(false);
  });

  test('a conversation in which a reply is being written is not deleted', async () => {
    const { generations, conversations } = given.store;
    const { id } = await createConversation(given.store);
    const sent = replyDraft(id);
    await generations.submit(sent);
    expect(await conversations.delete(id)).toBeUndefined();
    expect(await generations.byIds([sent.generation.id])).toHaveLength(1);
    await generations.settle(sent.generation.id, outcome());
    expect(await conversations.delete(id)).toEqual([sent.generation.id]);
  });

  test('a message that makes it too long is not kept, as it is then', async () => {
    const { store } = given;
    const { id } = await createConversation(store);
    const [first, next] = [replyDraft(id), replyDraft(id)];
    await store.generations.submit(first);
    await store.generations.settle(first.generation.id, outcome());
    const before = await conversationOf(store, id);
    const most = before.characters + next.reply.text.length;
    const draft = (mostCharacters: number) => ({ ...next, reply: { ...next.reply, mostCharacters } });
    await expect(store.generations.submit(draft(most - 1))).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await conversationOf(store, id)).toEqual(before);
    expect(await store.generations.byIds([next.generation.id])).toEqual([]);
    await store.generations.submit(draft(most));
    expect((await conversationOf(store, id)).characters).toBe(most);
  });

  test('its characters are those of its messages, each reply once it has ended', async () => {
    const { generations } = given.store;
    const { id } = await createConversation(given.store);
    const charactersNow = async () => (await conversationOf(given.store, id)).characters;
    const first = await generations.submit(replyDraft(id, 'Hi \u{1f433}'));
    expect(await charactersNow()).toBe(5);
    await generations.settle(first.generation.id, outcome({ text: 'Ishmael.' }));
    await generations.settle(first.generation.id, outcome({ text: 'Ishmael.' }));
    expect(await charactersNow()).toBe(13);
    await expect(generations.submit(replyDraft('conv_unknown', 'Lost'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await generations.submit(replyDraft(id, 'On', { key: 'k' }));
    await generations.submit(replyDraft(id, 'On', { key: 'k' }));
    expect(await charactersNow()).toBe(15);
  });

  test('of a message and the deletion of its conversation at the same time one wins, and the other does nothing', async () => {
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
      expect(gone).toEqual(accepted ? undefined : []);
      expect(await conversations.byIds([id])).toHaveLength(accepted ? 1 : 0);
      expect(await generations.byIds([sent.generation.id])).toHaveLength(accepted ? 1 : 0);
      const messages = await conversations.messagesByIds([sent.reply.messageId, sent.reply.replyId]);
      expect(messages).toHaveLength(accepted ? 2 : 0);
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
