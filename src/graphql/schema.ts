import { readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { Resolvers } from './generated/resolvers.ts';
import { ApiKey } from './resolvers/ApiKey.ts';
import { AuditEvent } from './resolvers/AuditEvent.ts';
import { Conversation } from './resolvers/Conversation.ts';
import { Generation } from './resolvers/Generation.ts';
import { events } from './resolvers/GenerationEvent.ts';
import { Message } from './resolvers/Message.ts';
import { Model } from './resolvers/Model.ts';
import { Mutation } from './resolvers/Mutation.ts';
import { Node } from './resolvers/Node.ts';
import { Query } from './resolvers/Query.ts';
import { Service } from './resolvers/Service.ts';
import { Subscription } from './resolvers/Subscription.ts';
import { Cursor, DateTime, Day } from './resolvers/scalars.ts';
import { DailyUsage, Viewer } from './resolvers/Viewer.ts';

const types: Resolvers = {
  ...{ ApiKey, AuditEvent, Conversation, DailyUsage, Generation, Message, Model, Node, Service, Viewer },
  ...events,
};
const resolvers: Resolvers = { Query, Mutation, Subscription, ...types };

/** schema.graphql with its resolvers. */
export const schema = makeExecutableSchema({
  typeDefs: readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'),
  resolvers: [resolvers, { Cursor, DateTime, Date: Day }],
});
