import { mayReadConversation } from '../domain/access.ts';
import type { Conversation, Viewer } from '../domain/conversation.ts';
import { badInput, notFound } from '../domain/errors.ts';
import { newId } from '../domain/ids.ts';
import { cancel } from './cancel.ts';
import { conversationTopic, tellConversation } from './changes.ts';
import { changeableConversation, checkMayGenerate, readableConversation } from './find.ts';
import type { Conversations, SendInput } from './generation.ts';
import { promptMessages } from './prompt.ts';
import { readProgress } from './read.ts';
import { settle } from './settle.ts';
import { draftOf, type SubmitDeps, submit } from './submit.ts';
import { Watch } from './watch.ts';

const maxTitleLength = 200;
const madeTitleLength = 60;

/** The verbs of conversations on one set of parts. */
export function createConversations(deps: SubmitDeps): Conversations {
  const { store, bus, log, now = Date.now } = deps;

  return {
    async create(viewer, title) {
      checkMayGenerate(viewer);
      const at = now();
      const id = newId('conv');
      const empty = { lastMessageId: null, activeGenerationId: null, characters: 0 };
      const conversation = {
        id,
        ownerId: viewer.id,
        title: checkTitle(title, 0),
        ...empty,
        visibility: 'PRIVATE' as const,
        createdAt: at,
        updatedAt: at,
      };
      await store.conversations.create(conversation);
      return conversation;
    },

    async send(viewer, input) {
      checkMayGenerate(viewer);
      return send(deps, viewer, await changeableConversation(store, viewer, input.conversationId), input);
    },

    async rename(viewer, id, title) {
      await changeableConversation(store, viewer, id);
      const renamed = await store.conversations.rename(id, checkTitle(title, 1));
      if (!renamed) throw notFound(`The conversation ${id}`);
      await tellConversation(bus, id);
      return renamed;
    },

    async delete(viewer, id) {
      let gone: string[] | undefined;
      // Once more where a message was sent meanwhile: what its reply takes is to be booked too.
      while (!gone) {
        const { activeGenerationId } = await changeableConversation(store, viewer, id);
        const active = activeGenerationId ? await store.generations.byIds([activeGenerationId]) : [];
        for (const generation of active) await cancel(deps, generation);
        gone = await store.conversations.delete(id);
      }
      for (const generationId of (await log.heads(gone)).keys()) await log.retire(generationId, 0);
      await tellConversation(bus, id);
    },

    async follow(viewer, id) {
      await readableConversation(store, viewer, id);
      const open = (watch: Watch<string>) => {
        watch.mark(id);
        return bus.subscribe(conversationTopic(id), () => watch.mark(id));
      };
      const watch = new Watch<string>({ open });
      const next = async () => {
        const [row] = (await watch.next()) ? await store.conversations.byIds([id]) : [];
        if (row && !mayReadConversation(viewer, row)) throw notFound(`The conversation ${id}`);
        return row;
      };
      return { next, close: () => watch.close() };
    },
  };
}

async function send(deps: SubmitDeps, viewer: Viewer, conversation: Conversation, input: SendInput) {
  const { id, characters } = await upToDate(deps, conversation);
  const { promptCharacters: limit } = deps.limits;
  const [message] = promptMessages({ prompt: input.text }, limit);
  if (!message) throw badInput('The message is empty.');
  const { text } = message;
  const draft = draftOf(deps, viewer, input, characters + text.length);
  const ids = { conversationId: id, messageId: newId('msg'), replyId: newId('msg') };
  const reply = { ...ids, text, title: titleOf(text), mostCharacters: limit };
  const generation = await submit(deps, { ...draft, messages: null, reply });
  // With an idempotency key that was used before, the messages are those of the first time.
  const { messagesByIds } = deps.store.conversations;
  const [answer] = await messagesByIds([generation.messageId ?? reply.replyId]);
  const [asked] = answer?.replyToId ? await messagesByIds([answer.replyToId]) : [];
  if (!asked) throw notFound(`The conversation ${id}`);
  return { message: asked, generation };
}

/** Who has read in its log that a reply ended may send the next message, though its row is not written yet. */
async function upToDate(deps: SubmitDeps, conversation: Conversation): Promise<Conversation> {
  const { id, activeGenerationId: active } = conversation;
  if (!active || !(await deps.log.heads([active])).get(active)?.ended) return conversation;
  const [generation] = await deps.store.generations.byIds([active]);
  const progress = (await readProgress(deps.log, [active])).get(active);
  if (generation && progress?.ended) await settle(deps, generation, progress);
  const [settled] = await deps.store.conversations.byIds([id]);
  if (!settled) throw notFound(`The conversation ${id}`);
  return settled;
}

/** The beginning of the first message: one line, cut between words. */
function titleOf(text: string): string {
  const line = text.trim().split(/\s+/).join(' ');
  if (line.length <= madeTitleLength) return line;
  const cut = line
    .slice(0, madeTitleLength)
    .toWellFormed()
    .replace(/\uFFFD$/, '');
  return `${cut.replace(/ \S*$/, '')}…`;
}

function checkTitle(title: string, least: number): string {
  const trimmed = title.trim();
  if (trimmed.length >= least && trimmed.length <= maxTitleLength) return trimmed;
  throw badInput(`A title has ${least} to ${maxTitleLength} characters.`);
}
