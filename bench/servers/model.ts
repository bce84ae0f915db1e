/** A model behind OpenAI's API that says nothing until the bench tells it to, and then speaks at a steady rhythm. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { answer } from '../answers.ts';
import { atRhythm } from './rhythm.ts';

const words =
  'It was the whiteness of the whale that above all things appalled me. '.repeat(3).match(/\S+ \S+ /g) ?? [];

export interface Speak {
  /** How many tokens it writes, each in a chunk of its own. */
  readonly tokens: number;
  readonly everyMs: number;
}

let listener: ServerResponse | undefined;

const server = createServer((request, response) => {
  request.resume();
  if (request.method === 'GET') {
    response.setHeader('content-type', 'application/json');
    response.end('{"object":"list","data":[{"id":"bench","object":"model"}]}');
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  listener = response;
});

const chunk = (delta: object, finish: string | null): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

answer({
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  },

  /** Answers the request that came last; resolves when all is said. */
  async speak({ tokens, everyMs }: Speak): Promise<void> {
    while (!listener) await turn();
    const response = listener;
    listener = undefined;
    const texts = Array.from({ length: tokens }, (_, i) => words[i % words.length] ?? '');
    await atRhythm(texts, everyMs, (content) => response.write(chunk({ content }, null)));
    response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
  },
});
