/**
 * A server of OpenAI's API that takes as little of the machine as it can: every request is answered by tokens at one pace,
 * each in an event and a write of its own, and each tells when it was written.
 */
import { createServer, type Socket } from 'node:net';
import { answer } from '../answers.ts';
import { microseconds, stamped } from '../clock.ts';

export interface Model {
  readonly tokensPerSecond: number;
  /** Of an answer. */
  readonly tokens: number;
  /** From a request to the first token. */
  readonly firstMs: number;
}

interface Stream {
  readonly socket: Socket;
  dueAt: number;
  left: number;
}

const common = '"id":"chatcmpl-0123456789abcdef","object":"chat.completion.chunk","created":1700000000,"model":"bench"';
const chunked = (data: string) => `${data.length.toString(16)}\r\n${data}\r\n`;
const event = (delta: string, finish: string) =>
  chunked(`data: {${common},"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}]}\n\n`);
const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const opening = head + event('{"role":"assistant","content":""}', 'null');
const closing = `${event('{}', '"stop"')}${chunked('data: [DONE]\n\n')}0\r\n\r\n`;
const models =
  'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 27\r\n\r\n{"object":"list","data":[]}';

/** Those whose next token is due, the first one first: all have one pace, so whoever was served goes to the end. */
let line: Stream[] = [];
let model: Model;

function serveDue(): void {
  const now = performance.now();
  let served = 0;
  for (; ; served++) {
    const stream = line[served];
    if (!stream || stream.dueAt > now) break;
    write(stream);
    // By its own clock: that one was served late makes none of its later tokens late.
    stream.dueAt += 1000 / model.tokensPerSecond;
    if (stream.left > 0 && !stream.socket.destroyed) line.push(stream);
  }
  if (served > 0) line = line.slice(served);
}

function write(stream: Stream): void {
  const token = event(`{"content":"${stamped(microseconds())}"}`, 'null');
  stream.socket.write(--stream.left > 0 ? token : token + closing, 'latin1');
}

function begin(socket: Socket): void {
  socket.write(opening, 'latin1');
  setTimeout(() => {
    const stream = { socket, dueAt: performance.now() + 1000 / model.tokensPerSecond, left: model.tokens };
    write(stream);
    line.push(stream);
  }, model.firstMs);
}

const server = createServer({ noDelay: true }, (socket) => {
  let received = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const body = Number(/content-length: *(\d+)/i.exec(received.slice(0, end))?.[1] ?? 0);
    if (received.length < end + 4 + body) return;
    if (received.startsWith('POST')) begin(socket);
    else socket.write(models);
    received = '';
  });
});

answer({
  async listen(asked: Model): Promise<number> {
    model = asked;
    setInterval(serveDue, 1);
    await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve));
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  },
});
