import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { serveSockets } from '../../src/server/sockets.ts';
import { openSocket, subscribe } from './raw-socket.ts';

const keepAliveMs = 50;
const logged: { msg: string; err?: { message: string } }[] = [];
const logger = pino({ level: 'debug' }, { write: (line: string) => logged.push(JSON.parse(line)) });

let sockets: WebSocketServer;
let url: string;
beforeEach(async () => {
  logged.length = 0;
  sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const onSubscribe = () => {
    throw new Error('the disk is on fire');
  };
  serveSockets({ onSubscribe }, sockets, { keepAliveMs, logger });
  await once(sockets, 'listening');
  url = `ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`;
});
afterEach(() => {
  for (const socket of sockets.clients) socket.terminate();
  sockets.close();
});

test('a socket that gives no sign of life is ended, one that does stays', async () => {
  const [dead, alive] = [false, true].map((autoPong) => new WebSocket(url, 'graphql-transport-ws', { autoPong }));
  if (!dead || !alive) throw new Error('There are two.');
  let pings = 0;
  alive.on('ping', () => pings++);
  const [code] = await once(dead, 'close');
  expect(code).toBe(1006);
  await vi.waitFor(() => expect(pings).toBeGreaterThan(3));
  expect(alive.readyState).toBe(WebSocket.OPEN);
});

test('what fails within is in the log, and its socket is closed without a word of it', async () => {
  const print = vi.spyOn(console, 'error');
  const socket = await openSocket(url);
  socket.send({ type: 'connection_init' });
  await socket.next();
  socket.send(subscribe('q', '{ viewer { id } }'));
  expect(await socket.closed).toBe(4500);
  expect(logged).toEqual([expect.objectContaining({ msg: 'failed' })]);
  expect(logged[0]?.err?.message).toBe('the disk is on fire');
  expect(print).not.toHaveBeenCalled();
  print.mockRestore();
});
