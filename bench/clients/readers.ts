/** Readers of OpenAI's API, of a model's server itself or of a gateway before it, each on a connection of its own. */
import { connect } from 'node:net';
import { type Asked, Reader, serveStreams } from './tally.ts';

const body = JSON.stringify({
  model: 'bench',
  messages: [{ role: 'user', content: 'What appalled you?' }],
  stream: true,
});
const content = '"content":"';

function begin({ port, headers = {} }: Asked): void {
  const reader = new Reader();
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n` +
      `${more.join('')}content-length: ${body.length}\r\n\r\n${body}`,
  );
  let rest = '';
  socket.on('data', (bytes) => {
    const text = rest + bytes.toString('latin1');
    // What is behind the last whole event waits for the rest of its own.
    const whole = Math.max(0, text.lastIndexOf('\n\n'));
    for (let at = text.indexOf(content); at >= 0 && at < whole; at = text.indexOf(content, at + 1)) {
      const start = at + content.length;
      reader.take(text, start, text.indexOf('"', start));
    }
    rest = text.slice(whole);
  });
}

serveStreams(begin);
