/** What it costs to read the streams at all: fetch, eventsource-parser and JSON.parse, and nothing behind them. */
import { createParser } from 'eventsource-parser';
import { type Asked, Reader, serveStreams } from './tally.ts';

async function begin({ port }: Asked): Promise<void> {
  const reader = new Reader();
  const parser = createParser({
    onEvent({ data }) {
      if (data === '[DONE]') return;
      const content: string = JSON.parse(data).choices[0]?.delta.content ?? '';
      reader.take(content, 0, content.length);
    },
  });
  const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'bench', messages: [{ role: 'user', content: 'What appalled you?' }], stream: true }),
  });
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) parser.feed(decoder.decode(bytes, { stream: true }));
}

serveStreams((asked) => void begin(asked));
