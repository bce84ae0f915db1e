/** What the peers have in common: Millrace's own schema, and resolvers of those of its fields that the benches ask for. */
import { readFileSync } from 'node:fs';
import DataLoader from 'dataloader';
import type { Conversation, Message, Viewer } from '../../src/domain/conversation.ts';
import type { Generation } from '../../src/domain/generation.ts';
import * as records from './records.ts';

export const typeDefs = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');

/** An event as clients get it; its type is in `__typename`, where GraphQL looks for it by default. */
export interface GenerationEvent {
  readonly __typename: string;
  readonly cursor: string;
}

type Rows<Row> = DataLoader<string, Row | undefined>;

/** Fresh for every request. */
export interface Context {
  readonly messages: Rows<Message>;
  readonly generations: Rows<Generation>;
  readonly viewers: Rows<Viewer>;
}

const loader = <Row extends { readonly id: string }>(load: (ids: readonly string[]) => Promise<Row[]>): Rows<Row> =>
  new DataLoader(async (ids) => {
    const found = new Map((await load(ids)).map((row) => [row.id, row]));
    return ids.map((id) => found.get(id));
  });

const messages = records.byIds(records.messages);
const generations = records.byIds(records.generations);
const viewers = records.byIds([records.viewer]);

export const createContext = (): Context => ({
  messages: loader(messages),
  generations: loader(generations),
  viewers: loader(viewers),
});

export const resolvers = {
  Query: {
    viewer: () => records.viewer,
  },
  Viewer: {
    conversations: async (_: Viewer, { first }: { first: number }) => {
      const nodes = records.conversations.slice(0, first);
      const hasNextPage = first < records.conversations.length;
      return { nodes, pageInfo: { hasNextPage, endCursor: nodes.map(records.positionOf).at(-1) } };
    },
  },
  Conversation: {
    updatedAt: ({ updatedAt }: Conversation) => new Date(updatedAt).toISOString(),
    lastMessage: ({ lastMessageId }: Conversation, _: unknown, { messages }: Context) =>
      lastMessageId ? messages.load(lastMessageId) : null,
    activeGeneration: ({ activeGenerationId }: Conversation, _: unknown, { generations }: Context) =>
      activeGenerationId ? generations.load(activeGenerationId) : null,
  },
  Message: {
    text: async ({ text, generationId }: Message, _: unknown, { generations }: Context) =>
      text ?? (generationId && (await generations.load(generationId)) ? records.text : ''),
    author: ({ authorId }: Message, _: unknown, { viewers }: Context) => (authorId ? viewers.load(authorId) : null),
  },
  Generation: {
    model: () => records.model,
  },
};
