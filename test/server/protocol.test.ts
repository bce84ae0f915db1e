import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApp, type TestApp } from '../graphql/app.ts';
import { connect, openSocket, subscribe } from './raw-socket.ts';

// https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md, each sentence that binds a server.

let app: TestApp;
let url = '';
beforeAll(async () => {
  app = await startApp();
  url = `${(await app.listen()).replace('http', 'ws')}/graphql`;
});
afterAll(() => app[Symbol.asyncDispose]());

const init = { type: 'connection_init' };
const ack = { type: 'connection_ack' };
const stream = subscribe('1', 'subscription { model { __typename } }');
const streamed = { id: '1', type: 'next', payload: { data: { model: { __typename: 'Model' } } } };
const query = subscribe('1', '{ __typename }');
const answered = [
  { id: '1', type: 'next', payload: { data: { __typename: 'Query' } } },
  { id: '1', type: 'complete' },
];
const refused = [{ id: '1', type: 'error', payload: [expect.objectContaining({ message: expect.any(String) })] }];
const withPayload = (payload: unknown) => ({ id: '1', type: 'subscribe', payload });

type Sent = object | string;
/** What is sent, one message right after the other, and how the socket is closed. */
const closing: [what: string, sent: Sent[], farewell: string][] = [
  ['no JSON', ['{'], '4400 Message is not JSON'],
  ['nothing', [''], '4400 Message is not JSON'],
  ['an array', ['[]'], '4400 Message is expected to be an object, but got array'],
  ['null', ['null'], '4400 Message is expected to be an object, but got null'],
  ['a string', ['"ping"'], '4400 Message is expected to be an object, but got string'],
  ['no type', [{ id: '1' }], "4400 Message is missing the 'type' property"],
  [
    'a type that is no string',
    [{ type: 1 }],
    "4400 Message is expects the 'type' property to be a string, but got number",
  ],
  ['an unknown type', [{ type: 'nonsense' }], `4400 Invalid message 'type' property "nonsense"`],
  ['connection_ack', [ack], '4400 Clients do not send "connection_ack" messages'],
  ['next', [streamed], '4400 Clients do not send "next" messages'],
  ['error', [{ id: '1', type: 'error', payload: [{ message: '' }] }], '4400 Clients do not send "error" messages'],
  [
    'a payload of connection_init that is no object',
    [{ ...init, payload: [] }],
    '4400 "connection_init" message expects',
  ],
  ['a payload of ping that is no object', [{ type: 'ping', payload: 'x' }], '4400 "ping" message expects'],
  ['a payload of pong that is no object', [{ type: 'pong', payload: 1 }], '4400 "pong" message expects'],
  ['subscribe without id', [init, { ...stream, id: undefined }], `4400 "subscribe" message expects the 'id'`],
  ['subscribe with an id that is no string', [init, { ...stream, id: 1 }], `4400 "subscribe" message expects the 'id'`],
  ['subscribe with an empty id', [init, { ...stream, id: '' }], '4400 "subscribe" message requires a non-empty'],
  ['subscribe without payload', [init, withPayload(undefined)], '4400 "subscribe" message expects the \'payload\''],
  ['subscribe with an array as payload', [init, withPayload([])], '4400 "subscribe" message expects the \'payload\''],
  ['subscribe without query', [init, withPayload({})], '4400 "subscribe" message payload expects the \'query\''],
  ['subscribe with a query that is no string', [init, withPayload({ query: {} })], '4400 "subscribe" message payload'],
  [
    'variables that are no object',
    [init, withPayload({ query: '', variables: [] })],
    '4400 "subscribe" message payload',
  ],
  [
    'an operationName that is no string',
    [init, withPayload({ query: '', operationName: 1 })],
    '4400 "subscribe" message',
  ],
  [
    'extensions that are no object',
    [init, withPayload({ query: '', extensions: '' })],
    '4400 "subscribe" message payload',
  ],
  ['complete without id', [init, { type: 'complete' }], `4400 "complete" message expects the 'id'`],
  ['subscribe before connection_init', [query], '4401 Unauthorized'],
  ['subscribe before connection_ack', [init, query], '4401 Unauthorized'],
  ['a second connection_init before the first was answered', [init, init], '4429 Too many initialisation requests'],
  ['no connection_init for 3 s', [{ type: 'ping' }], '4408 Connection initialisation timeout'],
];

test.concurrent.each(closing)('the socket is closed for %s', async (_what, sent, farewell) => {
  const socket = await openSocket(url);
  for (const message of sent) socket.send(message);
  expect(await socket.farewell).toContain(farewell);
});

const afterAck: [what: string, sent: Sent[], farewell: string][] = [
  ['a second connection_init', [init], '4429 Too many initialisation requests'],
  ['an id that a stream has', [stream, query], '4409 Subscriber for 1 already exists'],
  ['an id that a query has that is under way', [query, query], '4409 Subscriber for 1 already exists'],
];

test.each(afterAck)('the socket is closed, after connection_ack, for %s', async (_what, sent, farewell) => {
  const socket = await connect(url);
  for (const message of sent) socket.send(message);
  expect(await socket.farewell).toBe(farewell);
});

test('a socket that does not speak graphql-transport-ws is closed', async () => {
  const socket = await openSocket(url, { protocol: [] });
  expect(await socket.farewell).toBe('4406 Subprotocol not acceptable');
});

/** What is sent, one message right after the other, and all that is answered; then the socket is as good as before. */
const answering: [what: string, sent: Sent[], answers: object[]][] = [
  ['ping', [{ type: 'ping' }], [{ type: 'pong' }]],
  ['ping with null', [{ type: 'ping', payload: null }], [{ type: 'pong' }]],
  ['ping with a payload', [{ type: 'ping', payload: { a: 1 } }], [{ type: 'pong', payload: { a: 1 } }]],
  ['pong that was not asked for', [{ type: 'pong', payload: { a: 1 } }], []],
  ['complete of an unknown id', [{ id: 'x', type: 'complete' }], []],
  ['a query', [query], answered],
  ['a query with nulls for what may be left out', [withPayload({ ...query.payload, variables: null })], answered],
  ['what is wrong, and no complete after it', [subscribe('1', '{ nothing }')], refused],
  ['a stream', [stream], [streamed]],
  ['a query that is completed at once', [query, { id: '1', type: 'complete' }], []],
  ['an id that is free again after complete', [stream, { id: '1', type: 'complete' }, query], answered],
];

test.each(answering)('answered: %s', async (_what, sent, answers) => {
  const socket = await connect(url);
  for (const message of sent) socket.send(message);
  for (const answer of answers) expect(await socket.next()).toEqual(answer);
  // What follows is answered, and nothing else is.
  socket.send({ type: 'ping', payload: { last: true } });
  expect(await socket.next()).toEqual({ type: 'pong', payload: { last: true } });
  socket.send(subscribe('2', '{ __typename }'));
  expect(await socket.next()).toMatchObject({ id: '2', type: 'next' });
  socket.terminate();
});

test('ping and pong go before connection_init, which may have a payload', async () => {
  const socket = await openSocket(url);
  socket.send({ type: 'pong' });
  socket.send({ type: 'ping', payload: { a: 1 } });
  socket.send({ ...init, payload: { anything: true } });
  expect([await socket.next(), await socket.next()]).toEqual([{ type: 'pong', payload: { a: 1 } }, ack]);
  socket.terminate();
});

test('ids are free again after their error and their complete; operations of several go side by side', async () => {
  const socket = await connect(url);
  for (const message of [subscribe('1', '{'), query, query]) {
    socket.send(message);
    let type = '';
    while (type !== 'error' && type !== 'complete') type = (await socket.next('1')).type;
  }
  for (const id of ['a', 'b', 'c']) socket.send({ ...stream, id });
  expect(new Set([await socket.next(), await socket.next(), await socket.next()].map(({ id }) => id))).toEqual(
    new Set(['a', 'b', 'c']),
  );
  socket.terminate();
});

test('a stream that its client has left says nothing more, its end neither', async () => {
  const socket = await connect(url);
  socket.send(stream);
  expect(await socket.next()).toEqual(streamed);
  socket.send({ id: '1', type: 'complete' });
  socket.send(query);
  for (const answer of answered) expect(await socket.next()).toEqual(answer);
  socket.send({ type: 'ping' });
  expect(await socket.next()).toEqual({ type: 'pong' });
  socket.terminate();
});
