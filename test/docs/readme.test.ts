import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startServer, type TestServer } from '../e2e/server.ts';
import { blocks, read, root } from './markdown.ts';

const readme = read('README.md');
const [ask = '', query = '', subscribe = '', resume = ''] = blocks(readme, 'sh tested');
const [program = ''] = blocks(readme, 'js tested');

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const here = (code: string) => code.replaceAll('127.0.0.1:4000', new URL(server.url).host);

/** Runs blocks one after the other in one shell, and gives what each of them printed. */
async function shell(...code: string[]): Promise<string[]> {
  const script = code.map((block) => `${here(block)}\nprintf '\\0'\n`).join('');
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script]);
  return stdout.split('\0').slice(0, -1);
}

interface Event {
  readonly cursor: string;
  readonly keptLength?: number;
  readonly position?: number;
  readonly text?: string;
  readonly status?: string;
}

/** The events of an SSE stream that came to its end. */
function events(stream: string): Event[] {
  expect(stream).toMatch(/event: complete\ndata:\s*$/);
  return [...stream.matchAll(/^data: (\{.*)$/gm)].map(([, json = '']) => JSON.parse(json).data.generation);
}

/** The newest generation as the server has it. */
async function newest(): Promise<{ id: string; text: string; attempts: number; status: string }> {
  const body = JSON.stringify({ query: '{ viewer { generations(first: 1) { nodes { id text attempts status } } } }' });
  const response = await fetch(server.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return (await response.json()).data.viewer.generations.nodes[0];
}

test("README's first query and subscription work as they stand", async () => {
  const [id = '', answer = '', stream = ''] = await shell(ask, query, subscribe);
  const { text, ...generation } = await newest();
  expect(generation).toMatchObject({ id: id.trim(), status: 'COMPLETED' });
  expect(text.startsWith(JSON.parse(answer).data.generation.text)).toBe(true);
  expect(events(stream).at(-1)).toMatchObject({ status: 'COMPLETED' });
  let read = '';
  for (const { keptLength, position, text = '' } of events(stream)) {
    if (keptLength !== undefined) read = read.slice(0, keptLength);
    if (position !== undefined) read = read.slice(0, position) + text;
  }
  expect(read).toBe(text);
  const [, shown = 'no text'] = /"text":"([^"]*), …"/.exec(readme) ?? [];
  expect(text.startsWith(shown)).toBe(true);
});

test('README resumes after the cursor of a query', async () => {
  const [, stream = ''] = await shell(ask, resume);
  const { text } = await newest();
  const written = events(stream).flatMap(({ position, text }) => (position === undefined ? [] : [{ position, text }]));
  const [{ position: start } = { position: text.length }] = written;
  expect(written.map(({ text }) => text).join('')).toBe(text.slice(start));
});

/** Takes the place of a server that is gone, and resolves once the client has come in vain, or has given up. */
async function hangUpOnce(port: number, givenUp: Promise<unknown>): Promise<void> {
  const nobody = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
  await Promise.race([once(nobody, 'connection'), givenUp]);
  nobody.close();
  await once(nobody, 'close');
}

test("README's program reads on over a kill -9 of the server", async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-', 'Call me'], { cwd: root });
  onTestFinished(() => void child.kill());
  const exit = once(child, 'exit');
  let output = '';
  const begun = new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      if (output.includes('position')) resolve();
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.once('exit', () => reject(new Error(output)));
  });
  child.stdin.end(here(program));
  await begun;
  await server.kill();
  await hangUpOnce(Number(new URL(server.url).port), exit);
  await server.restart();
  expect(await exit, output).toEqual([0, null]);
  const { text, attempts, status } = await newest();
  expect({ attempts, status }).toEqual({ attempts: 2, status: 'COMPLETED' });
  expect(output.endsWith(`\n${text}\n`)).toBe(true);
});
