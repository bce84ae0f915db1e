import { createServer, type Socket } from 'node:net';
import { microseconds, stamped } from '../clock.ts';

/**
 * A server that speaks OpenAI's API as plainly as it can, so that it takes little of the machine: every request streams
 * tokens at one pace, each in an event of its own, which tells when it was written.
 *
 * Arguments: tokens a second, tokens of an answer, milliseconds to the first token. Prints its port.
 */
const [perSecond, length, firstMs] = process.argv.slice(2).map(Number) as [number, number, number];
const intervalMs = 1000 / perSecond;

interface Stream {
  readonly socket: Socket;
  dueAt: number;
  left: number;
}

const head =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n';
const id = 'chatcmpl-0123456789abcdef0123456789abcdef';
const chunkHead = `data: {"id":"${id}","object":"chat.completion.chunk","created":1700000000,"model":"bench","choices":[{"index":0,"delta":`;
const event = (delta: string, finish: string) =>
  chunked(`${chunkHead}${delta},"logprobs":null,"finish_reason":${finish}}]}\n\n`);
const chunked = (data: string) => `${data.length.toString(16)}\r\n${data}\r\n`;
const usage = `${chunkHead.slice(0, chunkHead.indexOf('"choices"'))}"choices":[],"usage":{"prompt_tokens":8,"completion_tokens":${length},"total_tokens":${length + 8}}}\n\n`;
const [opening, closing] = [
  event('{"role":"assistant","content":""}', 'null'),
  event('{}', '"stop"') + chunked(usage) + chunked('data: [DONE]\n\n') + '0\r\n\r\n',
];

// All have one pace: whoever was served longest ago is the next. A stream is never late by what others were.
const line: Stream[] = [];
let from = 0;

function tick(): void {
  const now = performance.now();
  for (;;) {
    const stream = line[from];
    if (stream === undefined || stream.dueAt > now) break;
    from++;
    if (stream.socket.destroyed) continue;
    const token = event(`{"content":"${stamped(microseconds())}"}`, 'null');
    stream.left--;
    stream.socket.write(stream.left > 0 ? token : token + closing, 'latin1');
    stream.dueAt += intervalMs;
    if (stream.left > 0) line.push(stream);
  }
  if (from > 4096) line.splice(0, from), (from = 0);
}
setInterval(tick, 1);

function begin(socket: Socket): void {
  socket.write(head + opening, 'latin1');
  const stream = { socket, dueAt: performance.now() + firstMs, left: length };
  if (firstMs === intervalMs) return void line.push(stream);
  setTimeout(() => {
    const at = performance.now();
    const token = event(`{"content":"${stamped(microseconds())}"}`, 'null');
    socket.write(token, 'latin1');
    stream.left--;
    stream.dueAt = at + intervalMs;
    line.push(stream);
  }, firstMs);
}

const server = createServer({ noDelay: true }, (socket) => {
  let received = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
    for (;;) {
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const bodyLength = Number(/content-length: *(\d+)/i.exec(received.slice(0, end))?.[1] ?? 0);
      if (received.length < end + 4 + bodyLength) return;
      const isPost = received.startsWith('POST');
      received = received.slice(end + 4 + bodyLength);
      if (isPost) begin(socket);
      else socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"data":[]}');
    }
  });
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () => {
  const address = server.address();
  if (address && typeof address === 'object') console.log(JSON.stringify({ port: address.port }));
});
