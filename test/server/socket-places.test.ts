import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import { greet, type LimitedApp, startLimited } from './limited-app.ts';
import { openSocket } from './raw-socket.ts';

let server: LimitedApp;
beforeEach(async () => {
  server = await startLimited({ sockets: { viewer: 2, ip: 4 } });
});
afterEach(() => server[Symbol.asyncDispose]());

const wsUrl = () => server.url.replace('http', 'ws');

/** What an upgrade that is refused is answered with. */
async function refusal(): Promise<{ status: number; text: string }> {
  const socket = new WebSocket(wsUrl(), 'graphql-transport-ws');
  socket.on('error', () => {});
  const [, response] = await once(socket, 'unexpected-response');
  let text = '';
  for await (const chunk of response) text += chunk;
  socket.terminate();
  return { status: response.statusCode, text };
}

/** Opens a socket once there is a place for one more, and no sooner. */
const untilOpen = async () => {
  for (;;) {
    const socket = await openSocket(wsUrl()).catch(() => undefined);
    if (socket) return socket;
  }
};

test('one address too many is refused before the upgrade, and let in when one has left', async () => {
  const sockets = await Promise.all(Array.from({ length: 4 }, () => openSocket(wsUrl())));
  expect(await refusal()).toEqual({
    status: 429,
    text: 'From one address 4 sockets and streams may be open at once. Close one, or come back later.\n',
  });
  sockets[0]?.terminate();
  const last = await untilOpen();
  expect((await refusal()).status).toBe(429);
  for (const socket of [...sockets, last]) socket.terminate();
});

test('one of a viewer too many is closed so that it comes back, with the reason; others are not concerned', async () => {
  const [first] = [await server.connect('ann'), await server.connect('ann')];
  const socket = new WebSocket(wsUrl(), 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { token: 'ann' } }));
  const [code, reason] = await once(socket, 'close');
  expect([code, String(reason)]).toEqual([
    1013,
    'One viewer may have 2 sockets and streams open at once. Close one, or come back later.',
  ]);
  await server.connect('bob');
  first?.terminate();
  for (let connected = false; !connected; ) {
    const again = await greet(server.url, 'ann');
    connected = await Promise.race([
      again.closed.then(() => false),
      again.next().then(
        ({ type }) => type === 'connection_ack',
        () => false,
      ),
    ]);
  }
});

test('upgrades that come to nothing hold no place', async () => {
  const port = Number(new URL(server.url).port);
  const upgrade = (key: string) =>
    `GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
  for (let n = 0; n < 6; n++) {
    // One that is wrong, and one whose client has gone before it was answered.
    const wrong = connectTcp(port, '127.0.0.1').setEncoding('utf8');
    wrong.write(upgrade('nonsense'));
    const [answer] = await once(wrong, 'data');
    expect(answer).toMatch(/^HTTP\/1.1 (400|429)/);
    const gone = connectTcp(port, '127.0.0.1');
    gone.write(upgrade('dGhlIHNhbXBsZSBub25jZQ=='), () => gone.resetAndDestroy());
    await once(gone, 'close');
  }
  const sockets = [await untilOpen(), await untilOpen(), await untilOpen(), await untilOpen()];
  expect((await refusal()).status).toBe(429);
  for (const socket of sockets) socket.terminate();
});
