import { afterAll } from 'vitest';
import { startIssuer } from '../auth/issuer.ts';
import { transports } from '../server/transports.ts';
import { millrace } from './command.ts';
import { type Attack, underAttack } from './hostile.ts';
import type { TestServer } from './server.ts';

const issuer = await startIssuer();
afterAll(() => issuer[Symbol.asyncDispose]());

/** Bob and Rae are let in; what Ann has is none of theirs. */
const tokens = { admin: '', ann: '', bob: '', rae: '', conversationLink: '', generationLink: '' };
type Somebody = keyof typeof tokens;
/** What Ann has, by the names that stand in operations; `own…` are Bob's. */
const ids: Record<string, string> = {};
const secret = 'My secret is a white whale with a crooked jaw.';

/** The operation with the ids of what there is. */
const filled = (query: string) => query.replace(/<(\w+)>/g, (_, name) => JSON.stringify(ids[name]));

/** How somebody is answered on each transport that can: the code of the first error, or the data. */
async function asked(server: TestServer, who: Somebody, query: string): Promise<unknown[]> {
  const { origin } = new URL(server.url);
  // Streams are not asked for over plain HTTP.
  const ways = transports.filter(([name]) => name !== 'HTTP' || !query.startsWith('subscription'));
  const answers = ways.map(async ([, ask]) => {
    const { data, errors } = await ask(origin, { query: filled(query) }, tokens[who]);
    return errors?.[0]?.extensions.code ?? data;
  });
  return Promise.all(answers);
}

/** Puts what an operation of somebody's gave at its first `names` into `ids` and `tokens`. */
async function make<Data>(server: TestServer, who: Somebody, query: string): Promise<Data> {
  const response = await fetch(server.url, {
    ...{ method: 'POST', body: JSON.stringify({ query: filled(query) }) },
    headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens[who]}` },
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

const long = 'parameters: { maxTokens: 2000 }, idempotencyKey: "once"';
type Started = { generate: { generation: { id: string; cursor: string } } };

async function prepare(server: TestServer): Promise<string> {
  const key = (name: string, role: string) => millrace(server, 'key', 'create', '--name', name, '--role', role);
  [tokens.admin, tokens.bob, tokens.rae] = await Promise.all([
    key('Ada', 'ADMIN'),
    key('Bob', 'MEMBER'),
    key('Rae', 'READER'),
  ]);
  tokens.ann = await issuer.token('ann');
  const start = `mutation { generate(input: { prompt: "${secret}", ${long} }) { generation { id cursor } } }`;
  const { generation } = (await make<Started>(server, 'ann', start)).generate;
  const own = (await make<Started>(server, 'bob', start)).generate.generation;
  type Talk = { createConversation: { conversation: { id: string } } };
  const talk = await make<Talk>(
    server,
    'ann',
    'mutation { createConversation(input: { title: "Oxen" }) { conversation { id } } }',
  );
  ids.conversation = talk.createConversation.conversation.id;
  type Sent = { sendMessage: { message: { id: string }; generation: { id: string; message: { id: string } } } };
  const say = `mutation { sendMessage(input: { conversationId: <conversation>, text: "${secret}", parameters: { maxTokens: 2000 } }) { message { id } generation { id message { id } } } }`;
  const sent = (await make<Sent>(server, 'ann', say)).sendMessage;
  Object.assign(ids, {
    generation: generation.id,
    cursor: generation.cursor,
    own: own.id,
    message: sent.message.id,
    reply: sent.generation.id,
    answer: sent.generation.message.id,
    key: /key_[0-9a-z]+/.exec(tokens.rae)?.[0],
  });
  for (const what of ['conversation', 'generation'] as const) {
    type Link = { createShareLink: { token: string; link: { id: string } } };
    const link = `mutation { createShareLink(input: { id: <${what}> }) { token link { id } } }`;
    const { createShareLink: made } = await make<Link>(server, 'ann', link);
    tokens[`${what}Link`] = made.token;
    ids.link = made.link.id;
  }
  type Known = { viewer: { id: string }; auditEvents: { nodes: { id: string }[] } };
  ids.viewer = (await make<Known>(server, 'ann', '{ viewer { id } }')).viewer.id;
  ids.event = (await make<Known>(server, 'admin', '{ auditEvents { nodes { id } } }')).auditEvents.nodes[0]?.id ?? '';
  return tokens.ann;
}

/** What somebody who is let in asks for, and is answered on each transport. */
const attempt = (who: Somebody, query: string, answer: unknown, what = query): Attack => ({
  what: `${who}: ${what}`,
  answer: Array(query.startsWith('subscription') ? 2 : 3).fill(answer),
  run: (server) => asked(server, who, query),
});

const things = ['generation', 'reply', 'conversation', 'message', 'answer', 'viewer', 'key', 'event', 'link'];
/** Whatever there is, and what there is not, look the same. */
const unseen = (who: Somebody, seen: readonly string[] = []): Attack[] =>
  things
    .filter((name) => !seen.includes(name))
    .map((name) => attempt(who, `{ node(id: <${name}>) { id } }`, { node: null }));

const verbs: readonly (readonly [verb: string, forReaders?: string])[] = [
  ['cancelGeneration(input: { id: <generation> })'],
  ['cancelGeneration(input: { id: <reply> })'],
  ['renameConversation(input: { id: <conversation>, title: "x" })'],
  ['deleteConversation(input: { id: <conversation> })'],
  ['sendMessage(input: { conversationId: <conversation>, text: "x" })', 'FORBIDDEN'],
  ['setVisibility(input: { id: <generation>, visibility: SIGNED_IN })'],
  ['setVisibility(input: { id: <conversation>, visibility: SIGNED_IN })'],
  ['createShareLink(input: { id: <generation> })'],
  ['createShareLink(input: { id: <conversation> })'],
  ['revokeShareLink(input: { id: <link> })'],
];
const strangers: Attack[] = (['bob', 'rae'] as const).flatMap((who) => [
  ...unseen(who),
  attempt(who, '{ generation(id: <generation>) { text } }', { generation: null }),
  attempt(who, '{ conversation(id: <conversation>) { title } }', { conversation: null }),
  attempt(who, 'subscription { generation(id: <generation>) { cursor } }', 'NOT_FOUND'),
  attempt(who, 'subscription { generation(id: <generation>, after: <cursor>) { cursor } }', 'NOT_FOUND'),
  attempt(who, 'subscription { conversation(id: <conversation>) { title } }', 'NOT_FOUND'),
  ...verbs.map(([verb, forReaders = 'NOT_FOUND']) =>
    attempt(who, `mutation { ${verb} { __typename } }`, who === 'rae' ? forReaders : 'NOT_FOUND'),
  ),
  attempt(who, '{ apiKeys { nodes { id } } }', 'FORBIDDEN'),
  attempt(who, '{ auditEvents { nodes { detail } } }', 'FORBIDDEN'),
  attempt(who, '{ models { backends { lastError } } }', 'FORBIDDEN'),
  attempt(who, 'mutation { createApiKey(input: { name: "x", role: ADMIN }) { secret } }', 'FORBIDDEN'),
  attempt(who, 'mutation { createApiKey(input: { name: "x", viewer: <viewer> }) { secret } }', 'FORBIDDEN'),
  attempt(who, 'mutation { revokeApiKey(input: { id: <key> }) { apiKey { id } } }', 'FORBIDDEN'),
]);

const readers: Attack[] = (['rae', 'generationLink', 'conversationLink'] as const).flatMap((who) => [
  attempt(who, 'mutation { generate(input: { prompt: "x" }) { generation { id } } }', 'FORBIDDEN'),
  attempt(who, 'mutation { createConversation(input: {}) { conversation { id } } }', 'FORBIDDEN'),
]);

/** A link leads to one thing, and is no way to anything else. */
const links: Attack[] = [
  attempt('generationLink', '{ generation(id: <generation>) { visibility } }', {
    generation: { visibility: 'PRIVATE' },
  }),
  ...unseen('generationLink', ['generation']),
  ...unseen('conversationLink', ['conversation', 'reply', 'message', 'answer']),
  attempt('generationLink', 'subscription { generation(id: <reply>) { cursor } }', 'NOT_FOUND'),
  attempt('conversationLink', 'subscription { generation(id: <generation>) { cursor } }', 'NOT_FOUND'),
  attempt('generationLink', 'mutation { cancelGeneration(input: { id: <generation> }) { __typename } }', 'FORBIDDEN'),
  attempt(
    'conversationLink',
    'mutation { deleteConversation(input: { id: <conversation> }) { __typename } }',
    'FORBIDDEN',
  ),
  attempt('conversationLink', 'mutation { createShareLink(input: { id: <conversation> }) { token } }', 'FORBIDDEN'),
  attempt('conversationLink', '{ conversation(id: <conversation>) { shareLinks { id } } }', 'FORBIDDEN'),
  attempt(
    'conversationLink',
    '{ conversation(id: <conversation>) { owner { conversations { nodes { id } } } } }',
    'FORBIDDEN',
  ),
  attempt('conversationLink', '{ viewer { conversations { nodes { id } } generations { nodes { id } } } }', {
    viewer: { conversations: { nodes: [] }, generations: { nodes: [] } },
  }),
];

const forgedCursor = (text: string) => Buffer.from(text).toString('base64url');
const listCursors = [
  'x',
  '',
  'null',
  '{}',
  "' OR 1=1 --",
  '\\u0000',
  'A'.repeat(10_000),
  forgedCursor('[1,2,3]'),
  forgedCursor('9e999'),
];
const guesses: Attack[] = [
  attempt('bob', 'subscription { generation(id: <own>, after: <cursor>) { cursor } }', 'BAD_USER_INPUT'),
  ...['x', '', forgedCursor('gen_.x.0.0'), '🐋', 'A'.repeat(100_000)].map((cursor) =>
    attempt(
      'bob',
      `subscription { generation(id: <own>, after: "${cursor}") { cursor } }`,
      'BAD_USER_INPUT',
      `the cursor ${cursor.slice(0, 20)}`,
    ),
  ),
  ...listCursors.map((cursor) =>
    attempt(
      'bob',
      `{ viewer { generations(after: "${cursor}") { nodes { id } } } }`,
      'BAD_USER_INPUT',
      `the place ${cursor.slice(0, 20)}`,
    ),
  ),
  {
    what: 'bob: Ann’s idempotency key, which is another one of his',
    answer: [true, true, true],
    async run(server) {
      const again = `mutation { generate(input: { prompt: "${secret}", ${long} }) { generation { id } } }`;
      const found = (await asked(server, 'bob', again)) as Started[];
      return found.map(({ generate }) => generate.generation.id === ids.own);
    },
  },
  {
    what: 'bob: 100 ids of nothing, and those of what is Ann’s, which are told apart by nothing',
    answer: [JSON.stringify({ errors: [{ message: 'The generation … was not found.', code: 'NOT_FOUND' }] })],
    async run(server) {
      const there = [ids.generation ?? '', ids.reply ?? ''];
      const guessed = Array.from({ length: 100 }, (_, i) => `gen_${String(i).padStart(26, '0')}`);
      const answers = new Set<string>();
      for (const id of [...there, ...guessed]) {
        const query = `mutation { cancelGeneration(input: { id: "${id}" }) { __typename } }`;
        const response = await fetch(server.url, {
          ...{ method: 'POST', body: JSON.stringify({ query }) },
          headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens.bob}` },
        });
        const { errors } = await response.json();
        const [{ message, extensions }] = errors;
        answers.add(JSON.stringify({ errors: [{ message: message.replace(id, '…'), code: extensions.code }] }));
      }
      return [...answers];
    },
  },
  attempt(
    'ann',
    '{ node(id: <conversation>) { ... on Conversation { title visibility } } }',
    {
      node: { title: 'Oxen', visibility: 'PRIVATE' },
    },
    'after all that, all is as it was',
  ),
  attempt(
    'ann',
    '{ generation(id: <generation>) { status visibility shareLinks { revokedAt } } }',
    {
      generation: { status: 'RUNNING', visibility: 'PRIVATE', shareLinks: [{ revokedAt: null }] },
    },
    'after all that, what runs runs on',
  ),
];

underAttack('what is another’s', [...strangers, ...readers, ...links, ...guesses], {
  yaml: `
auth: { mode: [apiKey, jwt], jwt: { issuer: "${issuer.issuer}", audience: "${issuer.audience}", jwks: "${issuer.jwksUrl}" } }
limits:
  operationsPerSecond: { viewer: 100000, ip: 100000 }
  sockets: { viewer: 10000, ip: 10000 }
  signInFailuresPerMinute: 1000000
models: [{ id: moby, backends: [{ kind: ngram, tokensPerSecond: 5 }] }]`,
  prepare,
  secrets: () => [...Object.values(tokens).map((token) => token.slice(-40)), 'crooked jaw'],
});
