import { createParser } from 'eventsource-parser';
import { microseconds } from '../clock.ts';
import { beginning, type Reader, Tally } from './tally.ts';

/**
 * What it costs to read the streams at all, with nothing behind: fetch and eventsource-parser.
 *
 * Arguments: port, how many, over how many ms they begin. Begins by a line `go`.
 */
const [port, count, overMs] = process.argv.slice(2).map(Number) as [number, number, number];
const tally = new Tally(() => {
  for (let index = 0; index < count; index++) setTimeout(() => void read(), beginning(index, count, overMs));
});
const body = JSON.stringify({ model: 'bench', messages: [{ role: 'user', content: 'Call me' }], stream: true });

async function read(): Promise<void> {
  const reader: Reader = { askedAt: microseconds(), readAt: 0, age: 0 };
  const parser = createParser({
    onEvent({ data }) {
      if (data === '[DONE]') return;
      const content: string = JSON.parse(data).choices[0]?.delta.content ?? '';
      tally.take(reader, content, 0, content.length);
    },
  });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, { method: 'POST', headers, body });
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) parser.feed(decoder.decode(bytes, { stream: true }));
  tally.ended++;
}

console.log(JSON.stringify({ open: 0 }));
