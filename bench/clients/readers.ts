import { connect } from 'node:net';
import { microseconds } from '../clock.ts';
import { beginning, type Reader, Tally } from './tally.ts';

/**
 * Readers of OpenAI's API, of the model server itself or of a gateway before it, each on a connection of its own, read by
 * hand so that it takes little of the machine.
 *
 * Arguments: port, how many, over how many ms they begin, further header lines as JSON. Begins by a line `go`.
 */
const [port, count, overMs] = process.argv.slice(2, 5).map(Number) as [number, number, number];
const headers = JSON.parse(process.argv[5] ?? '{}') as Record<string, string>;
const tally = new Tally(() => {
  for (let index = 0; index < count; index++) setTimeout(begin, beginning(index, count, overMs));
});
const body = JSON.stringify({ model: 'bench', messages: [{ role: 'user', content: 'Call me' }], stream: true });
const more = Object.entries(headers)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const request = `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n${more}content-length: ${body.length}\r\n\r\n${body}`;

function begin(): void {
  const reader: Reader = { askedAt: microseconds(), readAt: 0, age: 0 };
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.write(request);
  let rest = '';
  socket.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  socket.on('data', (bytes) => {
    const text = rest + bytes.latin1Slice();
    const whole = text.lastIndexOf('\n\n');
    if (whole < 0) return void (rest = text);
    rest = text.slice(whole);
    for (let at = text.indexOf('"content":"'); at >= 0 && at < whole; at = text.indexOf('"content":"', at + 11)) {
      const end = text.indexOf('"', at + 11);
      if (end > at + 11) tally.take(reader, text, at + 11, end);
    }
    if (text.includes('data: [DONE]')) {
      tally.ended++;
      socket.destroy();
    }
  });
}

console.log(JSON.stringify({ open: 0 }));
