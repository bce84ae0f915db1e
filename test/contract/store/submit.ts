import { expect, test } from 'vitest';
import type { Page } from '../../../src/store/store.ts';
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

const whole = { limit: 100, from: 'start' } as const;
const rowsOf = <Row>(page: Page<Row> | undefined) => page?.rows.map(({ row }) => row);

export function submitTests(open: Open): void {
  const given = useStore(open);
  const messagesOf = async (id: string) => rowsOf((await given.store.conversations.messagePages([id], whole)).get(id));

  test('a new generation is queued as it was drafted', async () => {
    const { generations } = given.store;
    const wanted = draft({ key: 'k' });
    const parameters = { maxTokens: 5, temperature: 0.5, stop: ['\n', '"'] };
    const generation = { ...wanted.generation, parameters, onDisconnect: 'CANCEL' } as const;
    const { generation: made, created } = await generations.submit({ ...wanted, generation });
    expect(created).toBe(true);
    expect(made).toEqual({
      ...generation,
      status: 'QUEUED',
      visibility: 'PRIVATE',
      messageId: null,
      conversationId: null,
      attempts: 0,
      text: '',
      finishReason: null,
      usage: null,
      error: null,
      course: null,
      startedAt: null,
      firstTokenAt: null,
      endedAt: null,
    });
    expect(await generations.byIds([made.id])).toEqual([made]);
  });

  test('the same key by the same viewer gives the earlier generation, as it is now', async () => {
    const { generations } = given.store;
    const first = await generations.submit(draft({ key: 'k' }));
    await generations.settle(first.generation.id, outcome());
    const again = draft({ key: 'k' });
    const second = await generations.submit(again);
    expect(second).toMatchObject({ created: false, generation: { id: first.generation.id, status: 'COMPLETED' } });
    expect(await generations.byIds([again.generation.id])).toEqual([]);
  });

  test('the same key by another viewer, and no key at all, give generations of their own', async () => {
    const { generations } = given.store;
    const drafts = [draft({ key: 'k' }), draft({ key: 'k', viewerId: bob.id }), draft(), draft()];
    const made = await Promise.all(drafts.map((each) => generations.submit(each)));
    expect(made.map(({ created }) => created)).toEqual([true, true, true, true]);
  });

  test('the same key for other input is a conflict', async () => {
    const { generations } = given.store;
    await generations.submit(draft({ key: 'k', fingerprint: 'a' }));
    const refused = generations.submit(draft({ key: 'k', fingerprint: 'b' }));
    await expect(refused).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('a new key') });
  });

  test('ten messages with one key at the same time are one message with one reply', async () => {
    const { store } = given;
    const { id } = await createConversation(store);
    const drafts = Array.from({ length: 10 }, () => replyDraft(id, 'Hello', { key: 'k' }));
    const made = await Promise.all(drafts.map((each) => store.generations.submit(each)));
    expect(new Set(made.map(({ generation }) => generation.id)).size).toBe(1);
    expect(made.filter(({ created }) => created)).toHaveLength(1);
    expect(await messagesOf(id)).toHaveLength(2);
  });

  test('of ten messages to one conversation at the same time exactly one wins, and the others are told what to do', async () => {
    const { store } = given;
    const { id } = await createConversation(store);
    const drafts = Array.from({ length: 10 }, () => replyDraft(id));
    const ends = await Promise.allSettled(drafts.map((each) => store.generations.submit(each)));
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const active = (await conversationOf(store, id)).activeGenerationId;
    for (const end of ends) {
      if (end.status === 'fulfilled') continue;
      expect(end.reason).toMatchObject({ code: 'CONFLICT', message: expect.stringMatching(/wait.*or cancel it/) });
      expect(end.reason.message).toContain(active);
    }
    expect(await messagesOf(id)).toHaveLength(2);
  });

  test('a message that was refused leaves nothing behind, and its key stays free', async () => {
    const { store } = given;
    const { id } = await createConversation(store);
    const first = await store.generations.submit(replyDraft(id));
    const refused = replyDraft(id, 'Again', { key: 'k' });
    await expect(store.generations.submit(refused)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await store.generations.byIds([refused.generation.id])).toEqual([]);
    await store.generations.settle(first.generation.id, outcome());
    expect(await store.generations.submit(refused)).toMatchObject({ created: true });
  });

  test('a message to a conversation that is gone is NOT_FOUND, and leaves nothing behind', async () => {
    const { store } = given;
    const { id } = await createConversation(store);
    await store.conversations.delete(id);
    const lost = replyDraft(id);
    await expect(store.generations.submit(lost)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await store.generations.byIds([lost.generation.id])).toEqual([]);
  });

  test('a message and its empty reply join the conversation, which becomes the last changed', async () => {
    const { store } = given;
    const { id } = await createConversation(store);
    const wanted = replyDraft(id, 'Hello', { title: 'A greeting', createdAt: 7000 });
    const { generation } = await store.generations.submit(wanted);
    const { messageId, replyId } = wanted.reply;
    expect(generation).toMatchObject({ conversationId: id, messageId: replyId });
    const common = { conversationId: id, createdAt: 7000 };
    expect(await messagesOf(id)).toEqual([
      { ...common, id: messageId, role: 'USER', text: 'Hello', authorId: ann.id, generationId: null, replyToId: null },
      {
        ...common,
        id: replyId,
        role: 'ASSISTANT',
        text: null,
        authorId: null,
        generationId: generation.id,
        replyToId: messageId,
      },
    ]);
    expect(await conversationOf(store, id)).toMatchObject({
      title: 'A greeting',
      lastMessageId: replyId,
      activeGenerationId: generation.id,
      createdAt: 500,
      updatedAt: 7000,
    });
  });

  test('a title that the conversation has already stays', async () => {
    const { store } = given;
    const { id } = await createConversation(store, { title: 'Mine' });
    await store.generations.submit(replyDraft(id, 'Hello', { title: 'Another' }));
    expect((await conversationOf(store, id)).title).toBe('Mine');
  });
}
