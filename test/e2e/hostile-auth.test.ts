import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from 'vitest';
import { startIssuer } from '../auth/issuer.ts';
import { closeCode, text, upgrade } from '../server/raw-frames.ts';
import { openHttp } from '../server/raw-http.ts';
import { connect, openSocket, type RawSocket, subscribe } from '../server/raw-socket.ts';
import { byHttp, bySse, firstAnswer } from './attacks.ts';
import { keyId, millrace } from './command.ts';
import { forgedTokens, unknownKeys } from './forged.ts';
import { type Attack, underAttack } from './hostile.ts';
import type { TestServer } from './server.ts';

const issuer = await startIssuer();
/** Somebody who listens where tokens would lead the server to. */
const bait = createServer((_request, response) => response.end('{"keys":[]}')).listen(0, '127.0.0.1');
await once(bait, 'listening');
let heard = 0;
bait.on('connection', () => heard++);
const baitUrl = `http://127.0.0.1:${(bait.address() as AddressInfo).port}/jwks.json`;
afterAll(async () => {
  bait.close();
  await issuer[Symbol.asyncDispose]();
});

const question = '{"query":"{ viewer { id } }"}';
/** Tokens that are good, or were, by their holders. */
const tokens = { ann: '', bob: '', admin: '', revoked: '', expired: '', link: '', revokedLink: '', expiredLink: '' };
let linkId = '';
/** Resolves once those have ended that were to. */
let expired: Promise<unknown>;
const shown: string[] = [];

/** Asks as an admin, or as another; gives the data. */
async function ask<Data>(server: TestServer, query: string, token = tokens.admin): Promise<Data> {
  const response = await fetch(server.url, {
    ...{ method: 'POST', body: JSON.stringify({ query }) },
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
  });
  return (await response.json()).data;
}

type Made = { createShareLink: { token: string; link: { id: string } } };
const soon = () => new Date(Date.now() + 3_000).toISOString();

async function prepare(server: TestServer): Promise<string> {
  const key = (name: string, role: string) => millrace(server, 'key', 'create', '--name', name, '--role', role);
  [tokens.admin, tokens.bob] = await Promise.all([key('Ada', 'ADMIN'), key('Bob', 'MEMBER')]);
  tokens.ann = await issuer.token('ann');
  const made = { revoked: '', expired: '' };
  for (const [name, rest] of [
    ['revoked', ''],
    ['expired', `, expiresAt: "${soon()}"`],
  ] as const) {
    const verb = `mutation { createApiKey(input: { name: "${name}"${rest} }) { secret } }`;
    made[name] = (await ask<{ createApiKey: { secret: string } }>(server, verb)).createApiKey.secret;
  }
  Object.assign(tokens, made);
  await ask(server, `mutation { revokeApiKey(input: { id: "${keyId(tokens.revoked)}" }) { apiKey { id } } }`);
  const talk = await ask<{ createConversation: { conversation: { id: string } } }>(
    server,
    'mutation { createConversation(input: {}) { conversation { id } } }',
  );
  const { id } = talk.createConversation.conversation;
  const link = async (rest = '') => {
    const verb = `mutation { createShareLink(input: { id: "${id}"${rest} }) { token link { id } } }`;
    return (await ask<Made>(server, verb)).createShareLink;
  };
  const [good, taken, short] = [await link(), await link(), await link(`, expiresAt: "${soon()}"`)];
  [tokens.link, tokens.revokedLink, tokens.expiredLink] = [good.token, taken.token, short.token];
  linkId = good.link.id;
  await ask(server, `mutation { revokeShareLink(input: { id: "${taken.link.id}" }) { link { id } } }`);
  // Whoever comes by them is told when they end; on a slow machine they have.
  const ended = (token: string) =>
    connect(server.wsUrl, token).then(
      ({ closed }) => closed,
      () => {},
    );
  expired = Promise.all([tokens.expired, tokens.expiredLink].map(ended));
  return tokens.ann;
}

/** Shows a token in all the places where one may be. */
async function show(server: TestServer, token: string) {
  shown.push(token);
  const headers = { authorization: `Bearer ${token}` };
  const said = async (socket: RawSocket, message: object) => {
    socket.send(message);
    const [outcome = ''] = (await firstAnswer(socket)).split(' ');
    socket.terminate();
    return outcome;
  };
  const [http, sse, byUpgrade, byInit, byPing] = await Promise.all([
    byHttp(question, headers)(server),
    bySse('{"query":"subscription { myGenerations { id } }"}', headers)(server),
    openSocket(server.wsUrl, { headers }).then((socket) => said(socket, { type: 'connection_init' })),
    openSocket(server.wsUrl).then((socket) => said(socket, { type: 'connection_init', payload: { token } })),
    connect(server.wsUrl, tokens.ann).then((socket) => said(socket, { type: 'ping', payload: { token } })),
  ]);
  return { http, sse, byUpgrade, byInit, byPing };
}

const refused = {
  ...{ http: '401 UNAUTHENTICATED', sse: 'UNAUTHENTICATED' },
  ...{ byUpgrade: '4403', byInit: '4403', byPing: '4403' },
};
const refusal = (what: string, token: () => string | Promise<string>): Attack => ({
  what,
  answer: refused,
  run: async (server) => show(server, await token()),
});

const secretOf = (token: string) => token.slice(-64);
const other = (token: string) => token.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
const forged: Attack[] = [
  ...Object.entries(forgedTokens).map(([what, forge]) => refusal(what, () => forge(issuer, baitUrl))),
  refusal('an API key that was revoked', () => tokens.revoked),
  refusal('an API key that has expired', () => expired.then(() => tokens.expired)),
  refusal('an API key with another secret', () => other(tokens.admin)),
  refusal('an API key with its hash as its secret', () =>
    tokens.admin.replace(/[0-9a-f]{64}$/, createHash('sha256').update(secretOf(tokens.admin)).digest('hex')),
  ),
  refusal('an API key with another’s secret', () => tokens.admin.replace(/.{64}$/, secretOf(tokens.bob))),
  refusal('an API key that is cut off', () => tokens.admin.slice(0, -1)),
  refusal('an API key without its secret', () => tokens.admin.slice(0, -65)),
  refusal('the id of an API key', () => keyId(tokens.admin)),
  refusal('an API key of nobody', () => `millrace_key_${'0'.repeat(26)}_${'0'.repeat(64)}`),
  refusal('a link that was revoked', () => tokens.revokedLink),
  refusal('a link that has expired', () => expired.then(() => tokens.expiredLink)),
  refusal('a link with another secret', () => other(tokens.link)),
  refusal('the id of a link', () => linkId),
  refusal('a link of nobody', () => 'link_'),
  refusal('two tokens', () => `${tokens.ann},${tokens.admin}`),
];

/** A good token where none belongs. */
const elsewhere: Attack[] = [
  ...['Cookie', 'X-Api-Key', 'Proxy-Authorization', 'X-Authorization', 'Sec-WebSocket-Protocol'].map(
    (header): Attack => ({
      what: `a token in the header ${header}`,
      answer: '401 UNAUTHENTICATED',
      run: (server) => {
        const token = `Bearer ${tokens.ann}`;
        return byHttp(question, { [header]: header === 'Cookie' ? `authorization=${token}; token=${token}` : token })(
          server,
        );
      },
    }),
  ),
  ...['token', 'access_token', 'authorization', 'apiKey'].map(
    (name): Attack => ({
      what: `a token in the address, as ${name}`,
      answer: ['401 UNAUTHENTICATED', '401 UNAUTHENTICATED', 'UNAUTHENTICATED', '4403'],
      async run({ url, wsUrl }) {
        const query = `?${name}=${encodeURIComponent(`Bearer ${tokens.ann}`)}`;
        const there = { url: url + query } as TestServer;
        const get = await fetch(`${url}${query}&query=%7B__typename%7D`, { headers: { accept: 'application/json' } });
        const { errors } = await get.json();
        const socket = await openSocket(wsUrl + query, { headers: { cookie: `token=${tokens.ann}` } });
        socket.send({ type: 'connection_init' });
        const [code] = (await firstAnswer(socket)).split(' ');
        const told = `${get.status} ${errors[0].extensions.code}`;
        return [told, await byHttp(question)(there), await bySse(question)(there), code];
      },
    }),
  ),
  {
    what: 'another scheme',
    answer: '401 UNAUTHENTICATED',
    run: (server) =>
      byHttp(question, { authorization: `Basic ${Buffer.from(`x:${tokens.ann}`).toString('base64')}` })(server),
  },
  {
    what: 'a token in the operation',
    answer: '401 UNAUTHENTICATED',
    run: (server) => {
      const extensions = { authorization: `Bearer ${tokens.ann}`, headers: { authorization: `Bearer ${tokens.ann}` } };
      return byHttp(JSON.stringify({ query: '{ __typename }', extensions }))(server);
    },
  },
];

/** Says that on a socket, in one piece with its upgrade, and gives the code that it is closed with. */
async function saying({ url }: TestServer, headers: Readonly<Record<string, string>>, ...messages: object[]) {
  const { socket, received } = openHttp(url);
  const frames = messages.map((message) => text(JSON.stringify(message)));
  socket.write(Buffer.concat([Buffer.from(upgrade(headers)), ...frames]));
  while (closeCode(received()) === undefined && !socket.destroyed) {
    await Promise.race([once(socket, 'data'), once(socket, 'close')]);
  }
  socket.destroy();
  return closeCode(received());
}

const init = (token: string) => ({ type: 'connection_init', payload: { token } });
const follow = subscribe('1', 'subscription { myGenerations { id } }');
/** One by one, or many at the same time: how they were answered, and how often. */
async function counted(outcomes: Promise<unknown>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const outcome of await Promise.all(outcomes)) counts[String(outcome)] = (counts[String(outcome)] ?? 0) + 1;
  return counts;
}

const sockets: Attack[] = [
  {
    what: 'an upgrade that is played again, with a token that was revoked since',
    answer: 4403,
    run: (server) => saying(server, { Authorization: `Bearer ${tokens.revoked}` }, { type: 'connection_init' }),
  },
  { what: 'nobody', answer: 4403, run: (server) => saying(server, {}, { type: 'connection_init' }) },
  {
    what: 'connection_init twice, by a stranger',
    answer: 4429,
    run: (server) => saying(server, {}, init(tokens.ann), init('x')),
  },
  {
    what: 'connection_init with another token, once in',
    answer: '4429 Too many initialisation requests',
    run: async ({ wsUrl }) => {
      const socket = await connect(wsUrl, tokens.ann);
      socket.send(init(tokens.admin));
      return socket.farewell;
    },
  },
  { what: 'subscribe before connection_init', answer: 4401, run: (server) => saying(server, {}, follow) },
  {
    what: 'subscribe before connection_ack',
    answer: 4401,
    run: async (server) => saying(server, {}, init(await issuer.token('new')), follow),
  },
  {
    what: 'ping with a token in the place of connection_init',
    answer: 4401,
    run: (server) => saying(server, {}, { type: 'ping', payload: { token: tokens.ann } }, follow),
  },
  {
    what: 'ping with the token of another viewer, from under a stream',
    answer: /^4403 This token is somebody else’s/,
    run: async ({ wsUrl }) => {
      const socket = await connect(wsUrl, tokens.ann);
      socket.send(subscribe('1', 'subscription { model { id } }'));
      await socket.next('1');
      socket.send({ type: 'ping', payload: { authorization: `Bearer ${tokens.admin}` } });
      socket.send(subscribe('2', '{ apiKeys { nodes { id } } }'));
      return socket.farewell;
    },
  },
  {
    what: 'a ping of 3 MB that is called a token',
    answer: '4403 This token is too long.',
    run: async ({ wsUrl }) => {
      const socket = await connect(wsUrl, tokens.ann);
      socket.send({ type: 'ping', payload: { token: 'x'.repeat(3 << 20) } });
      return socket.farewell;
    },
  },
  {
    what: 'a header of 20 KB',
    answer: 431,
    run: async ({ url }) => (await fetch(url, { headers: { authorization: `Bearer ${'x'.repeat(20_000)}` } })).status,
  },
  {
    what: 'a token of 20 KB on a socket',
    answer: '4403 This token is too long.',
    run: async ({ wsUrl }) => {
      const socket = await openSocket(wsUrl);
      socket.send(init('x'.repeat(20_000)));
      return socket.farewell;
    },
  },
  {
    what: '1,000 sockets that never begin',
    answer: { 4408: 1_000 },
    run: (server) => counted(Array.from({ length: 1_000 }, () => saying(server, {}))),
  },
];

const floods: Attack[] = [
  {
    what: 'nothing of all that made the server ask anybody but the issuer',
    answer: 0,
    run: async () => heard,
  },
  {
    what: 'a flood of unknown keys, of which the issuer notices nothing',
    answer: { outcomes: { '401 UNAUTHENTICATED': 500 }, more: 0 },
    async run(server) {
      const [asked, begun] = [issuer.asked, performance.now()];
      const flood = unknownKeys(issuer, 500).map((token) =>
        byHttp(question, { authorization: `Bearer ${token}` })(server),
      );
      const outcomes = await counted(flood);
      const allowed = 1 + Math.ceil((performance.now() - begun) / 5_000);
      return { outcomes, more: Math.max(0, issuer.asked - asked - allowed) };
    },
  },
  {
    what: '400 guesses at an API key and as many at links, over HTTP',
    answer: { '401 UNAUTHENTICATED': 800 },
    run: (server) => {
      const guesses = Array.from({ length: 800 }, (_, i) => {
        const secret = randomBytes(32).toString('hex');
        const token = i % 2 ? `link_${secret}` : `millrace_${keyId(tokens.admin)}_${secret}`;
        return byHttp(question, { authorization: `Bearer ${token}` })(server);
      });
      return counted(guesses);
    },
  },
  {
    what: '500 guesses over WebSocket',
    answer: { 4403: 500 },
    run: (server) =>
      counted(Array.from({ length: 500 }, () => saying(server, {}, init(randomBytes(32).toString('hex'))))),
  },
  {
    what: 'what is written down of all that is little, and tells no token',
    answer: { few: true, secrets: [] },
    async run(server) {
      const query = '{ auditEvents(first: 100) { nodes { kind detail subjectId ip } pageInfo { hasNextPage } } }';
      const { auditEvents } = await ask<{ auditEvents: { nodes: { kind: string }[] } }>(server, query);
      const refusals = auditEvents.nodes.filter(({ kind }) => kind === 'SIGN_IN_FAILED');
      const written = JSON.stringify(auditEvents);
      // Five and a sum for each minute, of which there are few.
      const few = refusals.length > 0 && refusals.length < 60;
      return { few, secrets: secrets().filter((secret) => written.includes(secret)) };
    },
  },
];

/** What only those know who may: the ends of good tokens, and of those that were tried. */
const secrets = () =>
  [...Object.values(tokens), ...shown].filter((token) => token.length > 80).map((token) => token.slice(-40));

underAttack('who comes in', [...forged, ...elsewhere, ...sockets, ...floods], {
  yaml: `
auth: { mode: [apiKey, jwt], jwt: { issuer: "${issuer.issuer}", audience: "${issuer.audience}", jwks: "${issuer.jwksUrl}" } }
limits:
  operationsPerSecond: { viewer: 100000, ip: 100000 }
  sockets: { viewer: 10000, ip: 10000 }
  signInFailuresPerMinute: 1000000
models: [{ id: moby, backends: [{ kind: ngram }] }]`,
  prepare,
  secrets,
  // What is known of some thousand tokens, right and wrong, and of who showed them.
  mostLeft: 20,
});
