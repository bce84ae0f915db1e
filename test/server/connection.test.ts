import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { queryObjects } from 'node:v8';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MillraceError } from '../../src/domain/errors.ts';
import { polled, waiting } from '../../src/domain/polled.ts';
import type { AnswerStream, OperationResult, Pipeline } from '../../src/graphql/graphql.ts';
import { Connection } from '../../src/server/connection.ts';
import { greeting, upgrade } from './raw-frames.ts';
import { openHttp } from './raw-http.ts';
import { connect, openSocket, subscribe } from './raw-socket.ts';
import { startScriptedPipeline, welcome } from './scripted-pipeline.ts';

let server: Awaited<ReturnType<typeof startScriptedPipeline>>;
beforeAll(async () => {
  server = await startScriptedPipeline();
});
afterAll(() => server.close());

test.each([
  ['refuses a token', new MillraceError('UNAUTHENTICATED', 'This token is wrong.'), '4403 This token is wrong.'],
  ['has a lot to say', new MillraceError('FORBIDDEN', '’'.repeat(100)), `4403 ${'’'.repeat(41)}`],
  ['can not tell now', new MillraceError('UNAVAILABLE', 'Later.'), '1013 Try again later'],
  ['breaks while it lets a client in', new Error('a secret'), '1013 Try again later'],
])('where the pipeline %s, the socket is closed so that clients come back', async (_what, error, farewell) => {
  const { script, logged, url } = server;
  script.connect = () => Promise.reject(error);
  const socket = await openSocket(url);
  socket.send({ type: 'connection_init' });
  expect(await socket.farewell).toBe(farewell);
  expect(logged.join().includes('a secret')).toBe(error.message === 'a secret');
  logged.length = 0;
});

test('where the pipeline breaks in one operation, that is an error of its id, masked, and the socket stays', async () => {
  const over = { poll: () => undefined, close() {} } as unknown as AnswerStream;
  const breaking = polled({ next: () => Promise.reject(new Error('a secret')), close() {} }) as AnswerStream;
  const results: Record<string, () => Promise<OperationResult>> = {
    'throws at once': () => Promise.reject(new Error('a secret')),
    'throws in a stream': async () => breaking,
    'can not be said in JSON': async () => ({ data: { a: 1n } }),
    well: async () => over,
  };
  const { script, logged, url } = server;
  script.connect = welcome;
  script.execute = async ({ query }) => results[query ?? '']?.() ?? {};
  const socket = await connect(url);
  for (const query of ['throws at once', 'throws in a stream', 'can not be said in JSON']) {
    socket.send(subscribe('1', query));
    const { type, payload } = await socket.next('1');
    const [{ message, extensions }] = payload as [{ message: string; extensions: { errorId: string } }];
    expect({ type, extensions }).toEqual({
      type: 'error',
      extensions: { code: 'INTERNAL', errorId: expect.any(String) },
    });
    expect(message).not.toContain('secret');
    expect(logged.filter((line) => line.includes(extensions.errorId))).toHaveLength(1);
  }
  socket.send(subscribe('1', 'well'));
  expect(await socket.next('1')).toEqual({ id: '1', type: 'complete' });
  socket.terminate();
});

test('where a result is late, a client that no longer asks for it is not told', async () => {
  const late = Promise.withResolvers<OperationResult>();
  server.script.connect = welcome;
  server.script.execute = async ({ query }) => (query === 'late' ? late.promise : {});
  const socket = await connect(server.url);
  socket.send(subscribe('1', 'late'));
  socket.send({ id: '1', type: 'complete' });
  socket.send(subscribe('2', ''));
  expect([await socket.next(), await socket.next()]).toMatchObject([{ id: '2', type: 'next' }, { id: '2' }]);
  late.resolve({ data: { late: true } });
  socket.send({ type: 'ping' });
  expect(await socket.next()).toEqual({ type: 'pong' });
  socket.terminate();
});

test('a socket that is open keeps nothing of the request that it began with', async () => {
  const requests = () => queryObjects(IncomingMessage, { format: 'count' });
  const before = requests();
  const sockets = Array.from({ length: 20 }, () => openHttp(server.url).socket);
  for (const socket of sockets) {
    socket.write(Buffer.concat([Buffer.from(upgrade()), greeting]));
    while (!String(await once(socket, 'data')).includes('connection_ack'));
  }
  // The one that came last may be on the stack.
  expect(requests() - before).toBeLessThanOrEqual(1);
  for (const socket of sockets) socket.destroy();
});

test('a stream that goes on keeps nothing of what was asked', async () => {
  const asked: WeakRef<object>[] = [];
  server.script.connect = welcome;
  server.script.execute = async (params) => {
    asked.push(new WeakRef(params));
    return { poll: () => waiting, close() {} } as unknown as AnswerStream;
  };
  const socket = await connect(server.url);
  socket.send(subscribe('1', 'what was asked'));
  // Once it is answered nothing is left of the turn in which the other came.
  socket.send({ type: 'ping' });
  expect(await socket.next()).toEqual({ type: 'pong' });
  await turn();
  // This collects what nobody holds.
  queryObjects(WeakRef);
  expect(asked.map((params) => params.deref())).toEqual([undefined]);
  socket.terminate();
});

test("a viewer's place that is there only when the client has gone is given back", async () => {
  const place = Promise.withResolvers<{ release(): void }>();
  let released = 0;
  const connection = new Connection({
    pipeline: { connect: welcome, sockets: { ofViewer: () => place.promise } } as unknown as Pipeline,
    wire: {} as never,
    limits: { bodyBytes: 1_000, subscriptionsPerSocket: 1 },
    logger: pino({ level: 'silent' }),
    ...{ ip: '127.0.0.1', token: undefined },
  });
  connection.receive(Buffer.from('{"type":"connection_init"}'));
  connection.end();
  place.resolve({ release: () => void released++ });
  await turn();
  expect(released).toBe(1);
});
