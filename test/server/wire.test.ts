import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import WebSocket, { type ClientOptions, WebSocketServer } from 'ws';
import { Wire } from '../../src/server/wire.ts';

const keepAliveMs = 50;
/** What objects are sent with. */
let rest = Buffer.from('');
/** What was said of an object that was to be sent when the socket had been closed. */
let late: Promise<void> | undefined;
/** What was written to the socket that was opened last. */
let written: unknown[][] = [];
let server: WebSocketServer;
let url = '';
beforeAll(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false });
  server.on('connection', (socket, { socket: raw }) => {
    written = vi.spyOn(raw, 'write').mock.calls;
    const wire: Wire = new Wire({
      ...{ socket, raw, keepAliveMs, messagesPerSecond: 1_000 },
      onMessage(data) {
        const text = String(data);
        if (text.startsWith('{')) return wire.sendObject(text, rest);
        if (text === 'close') {
          wire.close(1000, '');
          late = wire.sendObject('{"late":', Buffer.from('1'));
        } else wire.reply(text);
        return undefined;
      },
    });
    socket.on('close', () => wire.end());
  });
  await once(server, 'listening');
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  for (const socket of server.clients) socket.terminate();
  server.close();
});

async function open(options: ClientOptions): Promise<WebSocket> {
  const socket = new WebSocket(url, options);
  await once(socket, 'open');
  return socket;
}

test('a socket that gives no sign of life is ended', async () => {
  const socket = await open({ autoPong: false });
  const [code] = await once(socket, 'close');
  expect(code).toBe(1006);
});

test('a socket that answers pings is not, nor one that says something', async () => {
  const [answering, talking] = [await open({}), await open({ autoPong: false })];
  talking.on('ping', () => talking.send('here'));
  for (let i = 0; i < 6; i++) await Promise.all([once(answering, 'ping'), once(talking, 'ping')]);
  expect([answering.readyState, talking.readyState]).toEqual([WebSocket.OPEN, WebSocket.OPEN]);
});

test('an object is one message of just its parts, whatever its length', async () => {
  const socket = await open({});
  const head = '{"id":"ö","payload":';
  for (const length of [2, 101, 102, 103, 16_384, 16_385, 65_535, 300_000]) {
    const value = JSON.stringify('é'.repeat(length / 2) + 'x'.repeat(length % 2));
    rest = Buffer.from(value);
    socket.send(head);
    const [data, isBinary] = await once(socket, 'message');
    expect({ same: String(data) === `${head}${value}}`, isBinary }).toEqual({ same: true, isBinary: false });
  }
  socket.terminate();
});

test('what is to go out once the socket closes is not said to have gone, and does not go', async () => {
  const socket = await open({});
  const messages: unknown[] = [];
  socket.on('message', (data) => messages.push(data));
  socket.send('close');
  await once(socket, 'close');
  expect([late, messages]).toEqual([expect.any(Promise), []]);
});

test('what is not taken holds little more than itself: a frame is cut from a small block', async () => {
  const socket = await open({});
  for (const length of [10, 2_000, 10_000]) {
    rest = Buffer.from(JSON.stringify('x'.repeat(length)));
    socket.send('{"value":');
    await once(socket, 'message');
    const frame = written.map(([chunk]) => chunk).find((chunk) => Buffer.isBuffer(chunk) && chunk.includes(rest));
    const { byteLength } = (frame as Buffer).buffer;
    expect(byteLength).toBeLessThan(length + 8_200);
    written.length = 0;
  }
  socket.terminate();
});
