import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { closedBy, frame, greeting, ping, text, upgrade } from '../server/raw-frames.ts';
import { exchange, openHttp, type RawHttp, requestText, statuses } from '../server/raw-http.ts';
import { connect, openSocket, subscribe } from '../server/raw-socket.ts';
import { byHttp, everywhere, said } from './attacks.ts';
import { type Attack, underAttack } from './hostile.ts';
import type { TestServer } from './server.ts';

const megabytes = (count: number) => 'x'.repeat(count << 20);
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const good = '{"query":"{ __typename }"}';
const model = (id: string) => `{"query":"query ($id: ID!) { model(id: $id) { id } }","variables":{"id":${id}}}`;
const title = (json: string) =>
  `{"query":"mutation ($t: String) { createConversation(input: { title: $t }) { conversation { id } } }","variables":{"t":${json}}}`;

/** JSON that parsers and programs stumble over. */
const json: Attack[] = [
  ...everywhere(
    '__proto__ in variables',
    '{"query":"{ __typename }","variables":{"__proto__":{"polluted":true}}}',
    'ok',
  ),
  ...everywhere(
    '__proto__ in extensions',
    '{"query":"{ __typename }","extensions":{"__proto__":{"polluted":true}}}',
    'ok',
  ),
  ...everywhere(
    '__proto__ as a parameter',
    '{"query":"{ __typename }","__proto__":{"polluted":true}}',
    'BAD_USER_INPUT',
  ),
  ...everywhere(
    'constructor in a variable',
    model('{"constructor":{"prototype":{"polluted":true}}}'),
    'BAD_USER_INPUT',
  ),
  ...everywhere('a variable nested 100,000 deep', model(nested(100_000)), 'BAD_USER_INPUT'),
  ...everywhere('a number without end', model('1e999'), 'BAD_USER_INPUT'),
  ...everywhere('a number with 100,000 digits', model('9'.repeat(100_000)), 'BAD_USER_INPUT'),
  ...everywhere('a key that stands there twice', `{"query":"{","query":"{ __typename }"}`, 'ok'),
  ...everywhere('a null byte', title('"a\\u0000b"'), 'BAD_USER_INPUT'),
  ...everywhere('half a character', title('"\\ud800"'), 'BAD_USER_INPUT'),
  { what: 'NaN, over HTTP', answer: '400 BAD_USER_INPUT', run: byHttp(model('NaN')) },
  {
    what: 'NaN, over WebSocket',
    answer: '4400 Message is not JSON',
    run: said(`{"id":"1","payload":${model('NaN')}}`),
  },
  { what: 'a batch, over HTTP', answer: '400 BAD_USER_INPUT', run: byHttp(`[${Array(1_000).fill(good).join()}]`) },
  { what: 'a batch, over WebSocket', answer: /^4400 .*got array$/, run: said([subscribe('1', '{ __typename }')]) },
  { what: 'a body nested a million deep', answer: '400 BAD_USER_INPUT', run: byHttp(nested(1 << 20)) },
  { what: 'a message nested a million deep', answer: /^4400/, run: said(nested(1 << 20)) },
  { what: 'a body that is no UTF-8', answer: '400 BAD_USER_INPUT', run: byHttp(Buffer.from('7b22ff', 'hex')) },
];

const http: Attack[] = [
  { what: 'a body of 5 MB', answer: '413 BAD_USER_INPUT', run: byHttp(JSON.stringify({ query: `#${megabytes(5)}` })) },
  { what: 'a body without end', answer: [413], run: async ({ url }) => statuses(await endless(url)) },
  {
    what: 'a compressed bomb',
    answer: '415 BAD_USER_INPUT',
    run: byHttp(gzipSync(megabytes(50)), { 'content-encoding': 'gzip' }),
  },
  {
    what: 'another page’s mutation',
    answer: '403 FORBIDDEN',
    run: byHttp(title('""'), { origin: 'http://example.com' }),
  },
  {
    what: 'a type that nobody has',
    answer: '415 BAD_USER_INPUT',
    run: byHttp(good, { 'content-type': 'application/x-evil' }),
  },
  { what: 'an answer that nobody has', answer: '406 BAD_USER_INPUT', run: byHttp(good, { accept: 'image/png' }) },
  { what: '1,000 requests in one piece', answer: 1_000, run: pipelined },
  { what: '200 bodies that break off', answer: 200, run: brokenOff },
  { what: '500 streams that are left at once', answer: 500, run: leftStreams },
  { what: '500 upgrades of another page', answer: { 403: 500 }, run: refusedUpgrades },
];

const compressed = frame(0xc1, gzipSync(megabytes(10)));
/** Frames that are none, and how the socket is closed. */
const frames: [what: string, code: number, ...frames: Buffer[]][] = [
  ['an upgrade that is sent again', 1002, Buffer.from(upgrade())],
  ['a frame without a mask', 1002, frame(0x81, '{}', { masked: false })],
  ['a reserved bit', 1002, frame(0xa1, '{}')],
  ['an unknown kind of frame', 1002, frame(0x83, '{}')],
  ['a compressed bomb', 1002, compressed],
  ['a ping in pieces', 1002, frame(0x09, 'x')],
  ['a ping of 126 bytes', 1002, ping('x'.repeat(126))],
  ['a piece of nothing', 1002, frame(0x00, 'x')],
  ['a message within another', 1002, frame(0x01, 'x'), frame(0x01, 'y')],
  ['a close with a code that is none', 1002, frame(0x88, Buffer.from([0, 1]))],
  ['a close with half a code', 1002, frame(0x88, 'x')],
  ['what is no UTF-8', 1007, text(Buffer.from([0xff, 0xfe]))],
  ['a frame of 2^60 bytes', 1009, frame(0x81, '', { length: 2 ** 60 })],
  ['a message of 17 MB', 1009, frame(0x81, '', { length: 17 << 20 })],
  ['a message in 20,000 empty pieces', 1008, frame(0x01), ...Array(20_000).fill(frame(0x00))],
];

const sockets: Attack[] = [
  ...frames.map(([what, answer, ...bad]) => ({ what, answer, run: ({ url }: TestServer) => closedBy(url, ...bad) })),
  { what: 'a token of 1 MB', answer: '1009 Too much before connection_ack', run: largeToken },
  { what: 'a message of 5 MB', answer: 'error BAD_USER_INPUT', run: said(subscribe('1', megabytes(5))) },
  { what: 'an id of 1 MB', answer: 'error BAD_USER_INPUT', run: said(subscribe(megabytes(1), '{ __typename }')) },
  { what: 'an id called __proto__', answer: 'next', run: said(subscribe('__proto__', '{ __typename }')) },
  {
    what: 'complete of an id called __proto__',
    answer: 'pong',
    run: said({ id: '__proto__', type: 'complete' }, { type: 'ping' }),
  },
  { what: '5,000 subscriptions on one socket', answer: { next: 200, error: 4_800 }, run: crowd },
  { what: '2,000 subscriptions that are left at once', answer: 'ok', run: churn },
  { what: '300,000 pings', answer: 'ok', run: pingFlood },
  { what: '100 readers that never read', answer: 'ok', run: neverRead },
];

/** Held from the first attack on; the last ones tell what became of them. */
const held = { headers: [] as RawHttp[], silent: [] as RawHttp[], sockets: [] as RawHttp[] };
const hold =
  (into: RawHttp[], begin: string) =>
  async ({ url }: TestServer) => {
    for (let i = 0; i < 200; i++) {
      const connection = openHttp(url);
      into.push(connection);
      await once(connection.socket, 'connect');
      connection.socket.write(begin);
    }
  };
const opened: Attack[] = [
  {
    what: '200 connections with half a head',
    answer: undefined,
    run: hold(held.headers, 'GET /graphql HTTP/1.1\r\nA: b\r\n'),
  },
  { what: '200 connections that say nothing', answer: undefined, run: hold(held.silent, '') },
  { what: '200 sockets that say nothing', answer: undefined, run: hold(held.sockets, upgrade()) },
];
const ended = (all: RawHttp[]) => async () =>
  counted((await Promise.all(all.map(({ closed }) => closed))).flatMap(statuses));
const closed: Attack[] = [
  { what: 'the sockets were closed', answer: { 101: 200 }, run: ended(held.sockets) },
  { what: 'the heads were given up', answer: { 408: 200 }, run: ended(held.headers) },
  { what: 'the silent ones were given up', answer: { 408: 200 }, run: ended(held.silent) },
];

underAttack('transports', [...opened, ...json, ...http, ...sockets, ...closed], {
  yaml: 'limits: { messagesPerSecond: 5000 }',
});

/** How often each is there. */
function counted(names: readonly (string | number)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** 100 MB, unless the server has enough before; it closes when it has. */
async function endless(url: string): Promise<string> {
  const { socket, received } = openHttp(url);
  socket.write(requestText('POST /graphql', { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' }));
  const chunk = `100000\r\n${megabytes(1)}\r\n`;
  for (let i = 0; i < 100 && !received() && !socket.destroyed; i++) {
    if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {});
  }
  while (!received() && !socket.destroyed) await once(socket, 'data');
  socket.destroy();
  return received();
}

async function pipelined({ url }: TestServer): Promise<number> {
  const headers = { 'Content-Type': 'application/json', 'Content-Length': String(good.length) };
  const [kept, last] = [{ ...headers, Connection: 'keep-alive' }, headers].map((all) =>
    requestText('POST /graphql', all, good),
  );
  const received = await exchange(url, kept?.repeat(999) + (last ?? ''));
  return statuses(received).filter((status) => status === 200).length;
}

async function brokenOff({ url }: TestServer): Promise<number> {
  const said = requestText('POST /graphql', { 'Content-Type': 'application/json', 'Content-Length': '100000' }, good);
  const closed = Array.from({ length: 200 }, async () => {
    const { socket, closed } = openHttp(url);
    socket.write(said, () => socket.resetAndDestroy());
    return closed;
  });
  return (await Promise.all(closed)).length;
}

async function leftStreams({ url }: TestServer): Promise<number> {
  const body = '{"query":"subscription { model { id } }"}';
  const headers = {
    'Content-Type': 'application/json',
    Accept: 'text/event-stream',
    'Content-Length': String(body.length),
  };
  const left = Array.from({ length: 500 }, async () => {
    const { socket, closed } = openHttp(url);
    socket.write(requestText('POST /graphql', headers, body));
    await once(socket, 'data');
    socket.destroy();
    return closed;
  });
  return (await Promise.all(left)).filter((received) => received.includes('200 OK')).length;
}

async function refusedUpgrades({ url }: TestServer) {
  const said = upgrade({ Origin: 'http://example.com' });
  return counted((await Promise.all(Array.from({ length: 500 }, () => exchange(url, said)))).flatMap(statuses));
}

async function largeToken({ wsUrl }: TestServer): Promise<string> {
  const socket = await openSocket(wsUrl);
  socket.send({ type: 'connection_init', payload: { token: megabytes(1) } });
  return socket.farewell;
}

async function crowd({ wsUrl }: TestServer) {
  const socket = await connect(wsUrl);
  const ids = Array.from({ length: 5_000 }, (_, i) => `${i}`);
  for (const id of ids) socket.send(subscribe(id, 'subscription { model { id } }'));
  const first = new Map<string | undefined, string>();
  while (first.size < ids.length) {
    const { id, type } = await socket.next();
    if (!first.has(id)) first.set(id, type);
  }
  socket.terminate();
  return counted([...first.values()]);
}

/** Whether the socket is still good. */
async function stillGood(socket: Awaited<ReturnType<typeof connect>>): Promise<string> {
  await socket.next('good');
  socket.terminate();
  return 'ok';
}

async function churn({ wsUrl }: TestServer): Promise<string> {
  const socket = await connect(wsUrl);
  for (let i = 0; i < 2_000; i++) {
    socket.send(subscribe('1', 'subscription { model { id } }'));
    socket.send({ id: '1', type: 'complete' });
  }
  const again = setInterval(() => socket.send(subscribe('good', '{ __typename }')), 500);
  return stillGood(socket).finally(() => clearInterval(again));
}

async function pingFlood({ url }: TestServer): Promise<string> {
  const { socket, received } = openHttp(url);
  const flood = Buffer.concat(Array(10_000).fill(ping('x'.repeat(20))));
  socket.write(Buffer.concat([Buffer.from(upgrade()), greeting]));
  while (!received().includes('connection_ack')) await once(socket, 'data');
  for (let i = 0; i < 30; i++) if (!socket.write(flood)) await once(socket, 'drain');
  socket.write(text(JSON.stringify(subscribe('1', '{ __typename }'))));
  while (!received().includes('"complete"')) await once(socket, 'data');
  socket.destroy();
  return 'ok';
}

/** Each asks as often as the system's buffers let it, and takes nothing of what it is answered. */
async function neverRead({ url }: TestServer): Promise<string> {
  const asked = text(JSON.stringify({ type: 'ping', payload: { a: 'x'.repeat(10_000) } }));
  const sockets = Array.from({ length: 100 }, async () => {
    const { socket, received } = openHttp(url);
    socket.write(Buffer.concat([Buffer.from(upgrade()), greeting]));
    while (!received().includes('connection_ack')) await once(socket, 'data');
    socket.pause();
    for (let i = 0; i < 100 && socket.writableLength < 1 << 20; i++) {
      await new Promise<void>((resolve) => socket.write(asked, () => resolve()));
    }
    return socket;
  });
  for (const socket of await Promise.all(sockets)) socket.destroy();
  return 'ok';
}
