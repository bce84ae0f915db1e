/**
 * Who may do what, for the walk of access.test.ts: a row for every field of schema.graphql.
 *
 * To add a field: put its name into the row of its type that says who may read it, or add a row. A field with required
 * arguments also needs a line in `asks`, and a new type that no mutation answers with one in `places`. A place or a row
 * may have a variant in brackets, where it matters how one gets there: `Viewer(owner)` is somebody else.
 */

/**
 * The columns of a row, in their order: who asks for what Ann has.
 * - admin, owner: Ada, and Ann herself.
 * - member, reader: Bob and Rae, with whom nothing is shared.
 * - m.conv, r.conv: Bob and Rae, where the conversation is SIGNED_IN.
 * - r.gen: Rae, where only the generation in it is.
 * - l.gen, l.conv, l.exp: who comes by a link to the generation, to the conversation, and by one that has expired.
 */
export const columns = 'admin owner member reader m.conv r.conv r.gen l.gen l.conv l.exp';

// + a value   - null or empty   ? either, as the machine does   N NOT_FOUND   F FORBIDDEN   U UNAUTHENTICATED
const everybody = '    + + + + + + + + + U';
const admins = '       + F F F F F F F F U';
const ofAdmins = '     + - - - - - - - - U';
/** What Ann has, where it is asked for by its id: as far as the generation, and as far as the conversation. */
const generation = '   + + - - + + + + + U';
const conversation = ' + + - - + + - - + U';
/** The same for a verb or a subscription, which say why there is nothing. */
const followed = '     + + N N + + + + + U';
const watched = '      + + N N + + N N + U';
/** What owners and admins alone see of, and do to, a generation and a conversation. */
const ofGeneration = ' + + - - F F F F F U';
const ofOwner = '      + + - - F F - - F U';
const toGeneration = ' + + N N F F F F F U';
const toOwn = '        + + N N F F N N F U';
const writers = '      + + + F + F F F F U';
const sending = '      + + N F F F F F F U';
const toLink = '       + + N N N N N N N U';
/** Lists of the viewer's own: Ann alone has anything. */
const anns = '         - + - - - - - - - U';
const nothing = '      - - - - - - - - - U';
const noneFollowed = ' - - N N - - - - - U';

/** How to ask for fields with required arguments. `<generation>` and so on are ids of what Ann has. */
export const asks: Readonly<Record<string, string>> = {
  'Query.node(generation)': 'node(id: <generation>)',
  'Query.node(conversation)': 'node(id: <conversation>)',
  'Query.node(message)': 'node(id: <message>)',
  'Query.node(viewer)': 'node(id: <owner>)',
  'Query.node(model)': 'node(id: "ngram")',
  'Query.node(link)': 'node(id: <link>)',
  'Query.node(key)': 'node(id: <key>)',
  'Query.node(event)': 'node(id: <event>)',
  'Query.model': 'model(id: "ngram")',
  'Query.generation': 'generation(id: <generation>)',
  'Query.conversation': 'conversation(id: <conversation>)',
  'Mutation.generate': 'generate(input: { prompt: "Call me", parameters: { maxTokens: 1 } })',
  'Mutation.cancelGeneration': 'cancelGeneration(input: { id: <generation> })',
  'Mutation.createConversation': 'createConversation(input: {})',
  'Mutation.sendMessage':
    'sendMessage(input: { conversationId: <conversation>, text: "Call me", parameters: { maxTokens: 1 } })',
  'Mutation.renameConversation': 'renameConversation(input: { id: <conversation>, title: "Oxen" })',
  'Mutation.deleteConversation': 'deleteConversation(input: { id: <conversation> })',
  'Mutation.setVisibility': 'setVisibility(input: { id: <generation>, visibility: SIGNED_IN })',
  'Mutation.setVisibility(conversation)': 'setVisibility(input: { id: <conversation>, visibility: SIGNED_IN })',
  'Mutation.createShareLink': 'createShareLink(input: { id: <generation>, expiresAt: "2999-01-01T00:00:00Z" })',
  'Mutation.createShareLink(conversation)': 'createShareLink(input: { id: <conversation> })',
  'Mutation.revokeShareLink': 'revokeShareLink(input: { id: <link> })',
  'Mutation.createApiKey': 'createApiKey(input: { name: "Ahab’s" })',
  'Mutation.revokeApiKey': 'revokeApiKey(input: { id: <key> })',
  'Subscription.generation': 'generation(id: <generation>)',
  'Subscription.conversation': 'conversation(id: <conversation>)',
};

const event = (type: string) => `subscription { generation(id: <generation>) { ... on ${type} { * } } }`;

/** How to get to the fields of a type. What a mutation answers with is found by itself. */
export const places: Readonly<Record<string, string>> = {
  Query: '{ * }',
  Mutation: 'mutation { * }',
  Subscription: 'subscription { * }',
  Node: '{ node(id: <generation>) { * } }',
  Generation: '{ generation(id: <generation>) { * } }',
  'Generation(message)': '{ conversation(id: <conversation>) { messages(last: 1) { nodes { generation { * } } } } }',
  GenerationError: '{ generation(id: <generation>) { error { * } } }',
  TokenUsage: '{ generation(id: <generation>) { usage { * } } }',
  GenerationEvent: 'subscription { generation(id: <generation>) { * } }',
  GenerationQueued: event('GenerationQueued'),
  AttemptStarted: event('AttemptStarted'),
  TextAppended: event('TextAppended'),
  GenerationEnded: event('GenerationEnded'),
  Model: '{ model(id: "ngram") { * } }',
  Backend: '{ models { backends { * } } }',
  Service: '{ service { * } }',
  Conversation: '{ conversation(id: <conversation>) { * } }',
  'Conversation(generation)': '{ generation(id: <generation>) { message { conversation { * } } } }',
  MessageConnection: '{ conversation(id: <conversation>) { messages { * } } }',
  MessageEdge: '{ conversation(id: <conversation>) { messages { edges { * } } } }',
  PageInfo: '{ conversation(id: <conversation>) { messages { pageInfo { * } } } }',
  Message: '{ node(id: <message>) { ... on Message { * } } }',
  'Message(generation)': '{ generation(id: <generation>) { message { * } } }',
  Viewer: '{ viewer { * } }',
  'Viewer(owner)': '{ conversation(id: <conversation>) { owner { * } } }',
  'Viewer(author)': '{ node(id: <message>) { ... on Message { author { * } } } }',
  ViewerUsage: '{ viewer { usage { * } } }',
  DailyUsage: '{ viewer { usageByDay { * } } }',
  ViewerLimits: '{ viewer { limits { * } } }',
  Allowance: '{ viewer { limits { tokensPerDay { * } } } }',
  ConversationConnection: '{ viewer { conversations { * } } }',
  ConversationEdge: '{ viewer { conversations { edges { * } } } }',
  GenerationConnection: '{ viewer { generations { * } } }',
  GenerationEdge: '{ viewer { generations { edges { * } } } }',
  ShareLink: '{ generation(id: <generation>) { shareLinks { * } } }',
  ApiKeyConnection: '{ apiKeys { * } }',
  ApiKeyEdge: '{ apiKeys { edges { * } } }',
  ApiKey: '{ apiKeys { nodes { * } } }',
  'ApiKey(node)': '{ node(id: <key>) { ... on ApiKey { * } } }',
  AuditEventConnection: '{ auditEvents { * } }',
  AuditEventEdge: '{ auditEvents { edges { * } } }',
  AuditEvent: '{ auditEvents { nodes { * } } }',
  'AuditEvent(node)': '{ node(id: <event>) { ... on AuditEvent { * } } }',
};

const always = 'id model status text cursor finishReason usage attempts error';
const times = 'createdAt startedAt firstTokenAt endedAt';
const apiKey = 'id name role viewer tokensPerDay tokensPerMonth createdAt expiresAt revokedAt lastUsedAt';
const auditEvent = 'id at kind actor subjectId ip detail';
const talk = 'id title createdAt updatedAt owner messages lastMessage visibility';

/** For each type: the fields that a row is true of. */
const rows: Readonly<Record<string, readonly (readonly [row: string, fields: string])[]>> = {
  Query: [
    [everybody, 'viewer service models model node(model)'],
    [generation, 'generation node(generation)'],
    [conversation, 'conversation node(conversation) node(message)'],
    ['+ + - - - - - - - U', 'node(viewer)'],
    [nothing, 'node(link)'],
    [ofAdmins, 'node(key) node(event)'],
    [admins, 'apiKeys auditEvents'],
  ],
  Mutation: [
    [writers, 'generate createConversation'],
    [sending, 'sendMessage'],
    [toGeneration, 'cancelGeneration setVisibility createShareLink'],
    [toOwn, 'renameConversation deleteConversation setVisibility(conversation) createShareLink(conversation)'],
    [toLink, 'revokeShareLink'],
    [admins, 'createApiKey revokeApiKey'],
  ],
  Subscription: [
    [everybody, 'model myGenerations'],
    [followed, 'generation'],
    [watched, 'conversation'],
  ],
  GeneratePayload: [[writers, 'generation']],
  CancelGenerationPayload: [[toGeneration, 'generation']],
  CreateConversationPayload: [[writers, 'conversation']],
  SendMessagePayload: [[sending, 'message generation']],
  RenameConversationPayload: [[toOwn, 'conversation']],
  DeleteConversationPayload: [[toOwn, 'deletedId']],
  SetVisibilityPayload: [[toGeneration, 'node']],
  CreateShareLinkPayload: [[toGeneration, 'link token']],
  RevokeShareLinkPayload: [[toLink, 'link']],
  CreateApiKeyPayload: [[admins, 'apiKey secret']],
  RevokeApiKeyPayload: [[admins, 'apiKey']],
  Node: [[generation, 'id']],
  Generation: [
    [generation, `${always} ${times} visibility`],
    [nothing, 'queuePosition'],
    [conversation, 'message'],
    [ofGeneration, 'shareLinks'],
  ],
  'Generation(message)': [
    [conversation, `${always} ${times} visibility message`],
    [nothing, 'queuePosition'],
    [ofOwner, 'shareLinks'],
  ],
  GenerationError: [[generation, 'code message retryable']],
  TokenUsage: [[generation, 'promptTokens completionTokens']],
  GenerationEvent: [[followed, 'cursor generation']],
  GenerationQueued: [
    [followed, 'cursor generation'],
    [noneFollowed, 'queuePosition'],
  ],
  AttemptStarted: [[followed, 'cursor generation attempt backend keptLength']],
  TextAppended: [[followed, 'cursor generation position text']],
  GenerationEnded: [[followed, 'cursor generation status finishReason usage error']],
  Model: [
    [everybody, 'id name status load running queued concurrency requestsProcessed tokensPerSecond'],
    [nothing, 'timeToFirstTokenMs'],
    ['? ? ? ? ? ? ? ? ? U', 'uptimeSeconds'],
    [admins, 'backends'],
  ],
  Backend: [
    [admins, 'name kind status running concurrency'],
    ['? F F F F F F F F U', 'lastError'],
  ],
  Service: [[everybody, 'version startedAt uptimeSeconds load running queued requestsProcessed']],
  Conversation: [
    [conversation, talk],
    [nothing, 'activeGeneration'],
    [ofOwner, 'shareLinks'],
  ],
  'Conversation(generation)': [
    [conversation, talk],
    [nothing, 'activeGeneration'],
    [ofOwner, 'shareLinks'],
  ],
  MessageConnection: [[conversation, 'edges nodes pageInfo']],
  MessageEdge: [[conversation, 'cursor node']],
  PageInfo: [[conversation, 'hasNextPage hasPreviousPage startCursor endCursor']],
  Message: [
    [conversation, 'id role text createdAt author conversation'],
    [nothing, 'generation'],
  ],
  'Message(generation)': [
    [conversation, 'id role text createdAt generation conversation'],
    [nothing, 'author'],
  ],
  Viewer: [
    [everybody, 'id name role conversations generations usage limits'],
    [anns, 'usageByDay'],
  ],
  'Viewer(owner)': [
    [conversation, 'id name'],
    [ofOwner, 'role conversations generations usage usageByDay limits'],
  ],
  'Viewer(author)': [
    [conversation, 'id name'],
    [ofOwner, 'role conversations generations usage usageByDay limits'],
  ],
  ViewerUsage: [[everybody, 'generations promptTokens completionTokens']],
  DailyUsage: [[anns, 'day model generations promptTokens completionTokens']],
  ViewerLimits: [[everybody, 'operationsPerSecond tokensPerDay tokensPerMonth generationsAtOnce']],
  Allowance: [[everybody, 'limit used reserved remaining resetsAt']],
  ConversationConnection: [
    [everybody, 'pageInfo'],
    [anns, 'edges nodes'],
  ],
  ConversationEdge: [[anns, 'cursor node']],
  GenerationConnection: [
    [everybody, 'pageInfo'],
    [anns, 'edges nodes'],
  ],
  GenerationEdge: [[anns, 'cursor node']],
  ShareLink: [
    [ofGeneration, 'id createdAt'],
    ['- - - - F F F F F U', 'expiresAt revokedAt'],
  ],
  ApiKeyConnection: [[admins, 'edges nodes pageInfo']],
  ApiKeyEdge: [[admins, 'cursor node']],
  ApiKey: [[admins, apiKey]],
  'ApiKey(node)': [[ofAdmins, apiKey]],
  AuditEventConnection: [[admins, 'edges nodes pageInfo']],
  AuditEventEdge: [[admins, 'cursor node']],
  AuditEvent: [[admins, auditEvent]],
  'AuditEvent(node)': [[ofAdmins, auditEvent]],
};

/** `Type.field`, or `Type.field(variant)`, and its row. */
export const table: ReadonlyMap<string, string> = new Map(
  Object.entries(rows).flatMap(([place, ofPlace]) =>
    ofPlace.flatMap(([row, fields]) => fields.split(' ').map((field) => [nameOf(place, field), row.trim()] as const)),
  ),
);

/** `Viewer(owner)` and `role` are `Viewer.role(owner)`. */
export function nameOf(place: string, field: string): string {
  const [type = '', variant] = place.split('(');
  return variant === undefined ? `${type}.${field}` : `${type}.${field}(${variant}`;
}
