/** What no server can do with less: every message is sent to every socket as it is, with the package that all build on. */
import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { answer } from '../answers.ts';
import { listening } from './listening.ts';
import { atRhythm } from './rhythm.ts';

export interface Play<One> {
  readonly events: readonly One[];
  readonly everyMs: number;
}

const server = createServer();
const sockets = new WebSocketServer({ server, path: '/graphql', handleProtocols: () => 'graphql-transport-ws' });
sockets.on('connection', (socket: WebSocket) => {
  socket.on('error', () => {});
  socket.once('message', () => socket.send('{"type":"connection_ack"}'));
});

answer({
  listen: () => listening(server),
  play: ({ events, everyMs }: Play<string>) =>
    atRhythm(events, everyMs, (event) => {
      const message = Buffer.from(event);
      for (const socket of sockets.clients) socket.send(message, { binary: false });
    }),
});
