import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { polled } from '../../src/domain/polled.ts';
import type { AnswerStream, OperationResult } from '../../src/graphql/graphql.ts';
import { Pace } from '../../src/server/pace.ts';
import { connect, openSocket, subscribe } from './raw-socket.ts';
import { startScriptedPipeline } from './scripted-pipeline.ts';

let server: Awaited<ReturnType<typeof startScriptedPipeline>>;
afterEach(() => server.close());

const ping = { type: 'ping' };
const codeOf = ({ payload }: { payload?: unknown }) =>
  (payload as { extensions: { code: string } }[])[0]?.extensions.code;

/** A socket past connection_ack whose frames a test sees. */
async function openedWs(): Promise<WebSocket> {
  const socket = new WebSocket(server.url, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  return socket;
}

describe('a message that is larger than limits.body', () => {
  const bodyBytes = 4 << 10;
  const large = 'x'.repeat(bodyBytes);

  test('is an error of its id, whatever stands before that, and the socket stays', async () => {
    server = await startScriptedPipeline({ bodyBytes });
    const socket = await connect(server.url);
    socket.send(subscribe('1', large));
    socket.send(`{"payload":{"query":"${large}"},"type":"subscribe","id":"2"}`);
    for (const id of ['1', '2']) {
      const answer = await socket.next();
      expect({ ...answer, payload: codeOf(answer) }).toEqual({ id, type: 'error', payload: 'BAD_USER_INPUT' });
    }
    socket.send(subscribe('1', large.slice(200)));
    expect(await socket.next()).toMatchObject({ id: '1', type: 'next' });
    socket.terminate();
  });

  test.each([
    ['without an id', { ...ping, payload: { large } }, '4400 "ping" message is too large'],
    ['without sense', large, '4400 Message is not JSON'],
    ['that is far larger', 'x'.repeat(1 << 21), '1009 '],
  ])('closes the socket: one %s', async (_what, message, farewell) => {
    server = await startScriptedPipeline({ bodyBytes });
    const socket = await connect(server.url);
    socket.send(message);
    expect(`${await socket.farewell} `).toContain(farewell);
  });

  test('is not even read before connection_ack', async () => {
    server = await startScriptedPipeline({ bodyBytes: 8 << 20 });
    const socket = await openSocket(server.url);
    socket.send(`{"type":"ping","payload":{"a":"${'x'.repeat(1 << 20)}`);
    expect(await socket.farewell).toBe('1009 Too much before connection_ack');
  });
});

describe('messages that come faster than limits.messagesPerSecond', () => {
  test('are let through at their pace, after a second’s worth at once', () => {
    const pace = new Pace(10);
    const taken = (from: number, ms: number) => {
      let count = 0;
      for (let now = from; now <= from + ms; now++) if (pace.take(now) === 0) count++;
      return count;
    };
    for (let i = 0; i < 10; i++) expect(pace.take(1_000_000)).toBe(0);
    expect(pace.take(1_000_000)).toBe(100);
    expect(taken(1_000_001, 3_000)).toBe(30);
    // What was not used for long is a second's worth again.
    for (let i = 0; i < 10; i++) expect(pace.take(2_000_000)).toBe(0);
    expect(pace.take(2_000_000)).toBe(100);
  });

  test('wait: none is lost, each is answered in its turn', async () => {
    server = await startScriptedPipeline({ messagesPerSecond: 1_000 });
    const socket = await connect(server.url);
    const count = 2_000;
    for (let i = 0; i < count; i++) socket.send({ ...ping, payload: { i } });
    for (let i = 0; i < count; i++) expect((await socket.next()).payload).toEqual({ i });
    socket.terminate();
  });

  test('wait for no others: who keeps to it is answered', async () => {
    server = await startScriptedPipeline({ messagesPerSecond: 2 });
    const socket = await connect(server.url);
    for (let i = 0; i < 200; i++) socket.send(ping);
    const other = await connect(server.url);
    other.send(ping);
    await other.next();
    expect(socket.unread.length).toBeLessThan(100);
    for (const { terminate } of [socket, other]) terminate();
  });

  test('count pings of the WebSocket among them; one pong stands for all that wait', async () => {
    server = await startScriptedPipeline({ messagesPerSecond: 50 });
    const socket = await openedWs();
    const count = 20_000;
    let pongs = 0;
    const last = new Promise<void>((resolve) => {
      socket.on('pong', (data) => {
        pongs++;
        if (String(data) === String(count)) resolve();
      });
    });
    for (let i = 1; i <= count; i++) socket.ping(String(i));
    await last;
    expect(pongs).toBeLessThan(500);
    socket.terminate();
  });
});

test('who does not read what is answered is not read either, and loses nothing', async () => {
  server = await startScriptedPipeline({ messagesPerSecond: 1_000_000 });
  const { url, script } = server;
  let executed = 0;
  script.execute = async () => {
    executed++;
    return { data: {} };
  };
  const socket = await openedWs();
  socket.pause();
  const text = 'x'.repeat(64 << 10);
  // More than the system's buffers take on both ways, before a question.
  for (let i = 0; i < 400; i++) socket.send(JSON.stringify({ ...ping, payload: { text } }));
  socket.send(JSON.stringify(subscribe('1', '{ a }')));
  const other = await connect(url);
  for (let i = 0; i < 100; i++) {
    other.send(subscribe(`${i}`, '{ a }'));
    await other.next();
    await other.next();
  }
  expect(executed).toBe(100);
  let pongs = 0;
  const complete = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      const { type } = JSON.parse(String(data));
      if (type === 'pong') pongs++;
      if (type === 'complete') resolve();
    });
  });
  socket.resume();
  await complete;
  expect({ pongs, executed }).toEqual({ pongs: 400, executed: 101 });
  socket.terminate();
  other.terminate();
});

describe('limits.subscriptionsPerSocket', () => {
  test('counts what is under way, also where its client has left it; one more is RATE_LIMITED', async () => {
    server = await startScriptedPipeline({ subscriptionsPerSocket: 3, messagesPerSecond: 10_000 });
    const results: PromiseWithResolvers<OperationResult>[] = [];
    server.script.execute = () => {
      const result = Promise.withResolvers<OperationResult>();
      results.push(result);
      return result.promise;
    };
    const socket = await connect(server.url);
    for (let i = 0; i < 1_000; i++) {
      socket.send(subscribe('1', '{ a }'));
      socket.send({ id: '1', type: 'complete' });
    }
    for (let i = 3; i < 1_000; i++) expect(codeOf(await socket.next())).toBe('RATE_LIMITED');
    expect(results).toHaveLength(3);
    results[0]?.resolve({ data: {} });
    // It has no answer that could be waited for: the next one is let in once it is over.
    await expect
      .poll(() => {
        socket.send(subscribe('2', '{ a }'));
        socket.send({ id: '2', type: 'complete' });
        return results.length;
      })
      .toBe(4);
    socket.terminate();
  });

  test('counts streams; each that ends makes room for one', async () => {
    server = await startScriptedPipeline({ subscriptionsPerSocket: 2 });
    let open = 0;
    server.script.execute = async () => {
      open++;
      const end = Promise.withResolvers<undefined>();
      const close = () => {
        open--;
        end.resolve(undefined);
      };
      return polled({ next: () => end.promise, close }) as unknown as AnswerStream;
    };
    const socket = await connect(server.url);
    for (const id of ['1', '2', '3']) socket.send(subscribe(id, ''));
    expect(await socket.next()).toMatchObject({ id: '3', type: 'error' });
    socket.send({ id: '1', type: 'complete' });
    socket.send(ping);
    await socket.next();
    socket.send(subscribe('3', ''));
    await expect.poll(() => open).toBe(2);
    socket.terminate();
    await expect.poll(() => open).toBe(0);
  });
});
