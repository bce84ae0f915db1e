import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GenerateDocument, GenerationDocument } from '../../src/client/generated/operations.ts';
import { below, seeded } from '../random.ts';
import { Answer, ask, astray } from './client.ts';
import { Readers } from './readers.ts';
import { startServer, type TestServer } from './server.ts';

const random = seeded(Number(process.env.SEED ?? 7));
const streams = 10;
const maxTokens = 250;

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    yaml: `
models:
  - { id: moby, backends: [{ kind: ngram, tokensPerSecond: 100 }] }
  - { id: narrow, concurrency: 2, backends: [{ kind: ngram, tokensPerSecond: 100 }] }
  - { id: crowded, concurrency: 1, backends: [{ kind: ngram, tokensPerSecond: 1 }] }
  - { id: fast, backends: [{ kind: ngram, tokensPerSecond: 0 }] }
`,
  });
});
afterAll(() => server.stop());

async function generate(model: string, seed: number, idempotencyKey?: string): Promise<string> {
  const input = { model, prompt: 'Call me', parameters: { maxTokens, seed }, idempotencyKey: idempotencyKey ?? null };
  return (await ask(server.url, GenerateDocument, { input })).generate.generation.id;
}

async function stored(id: string) {
  const { generation } = await ask(server.url, GenerationDocument, { id });
  if (!generation) throw new Error(`${id} is not there.`);
  return generation;
}

/** The texts of runs that nothing interrupts, by seed. */
async function uninterrupted(seeds: readonly number[]): Promise<Map<number, string>> {
  const texts = new Map<number, string>();
  for (const seed of seeds) {
    const id = await generate('fast', seed);
    const readers = new Readers(server);
    await readers.read(id, 'ws');
    texts.set(seed, (await stored(id)).text);
  }
  return texts;
}

/** Starts streams with these seeds, each with a reader on either transport. */
async function startStreams(model: string, seeds: readonly number[], readers: Readers) {
  const ids: string[] = [];
  for (const seed of seeds) ids.push(await generate(model, seed));
  const read = ids.flatMap((id) => [readers.read(id, 'ws'), readers.read(id, 'sse')]);
  return { ids, done: Promise.all(read) };
}

const freshSeeds = (count: number) => Array.from({ length: count }, () => below(random, 2 ** 31));

/** What every reader of these must have in the end, whatever happened meanwhile. */
async function expectWhole(answers: readonly Answer[], texts: readonly (string | undefined)[], ids: readonly string[]) {
  for (const [i, id] of ids.entries()) {
    const { text, status, usage, cursor } = await stored(id);
    expect(text).toBe(texts[i]);
    expect(status).toBe('COMPLETED');
    expect(usage).toEqual({ promptTokens: 2, completionTokens: maxTokens });
    for (const answer of answers.slice(2 * i, 2 * i + 2)) {
      expect(answer.text).toBe(text);
      expect(answer).toMatchObject({ ends: 1, status, cursor });
    }
  }
}

describe('killed in the middle of 10 streams and started again', () => {
  const share = () => 0.05 + 0.85 * random();
  const moments = [
    { name: 'at the first event', shares: [0] },
    { name: 'at the first token', shares: [1e-9] },
    { name: 'somewhere', shares: [share()] },
    { name: 'somewhere else', shares: [share()] },
    { name: 'near the end', shares: [0.97] },
    { name: 'just before the end', shares: [1] },
    { name: 'twice, the second time while it is hardly up', shares: [share(), 0] },
    { name: 'three times', shares: [0.2, 0.5, 0.8] },
  ];

  test.for(moments)('$name: the texts are those of uninterrupted runs', async ({ shares }) => {
    const seeds = freshSeeds(streams);
    const texts = await uninterrupted(seeds);
    const whole = [...texts.values()].reduce((sum, text) => sum + text.length, 0);
    const readers = new Readers(server);
    const { ids, done } = await startStreams('moby', seeds, readers);
    for (const share of shares) {
      await readers.until((answers) => answers.reduce((sum, { text }) => sum + text.length, 0) >= share * whole * 2);
      const seen = await readers.crash();
      const now = await Promise.all(ids.map(stored));
      // Whoever saw an entry finds it in the log.
      for (const [i, text] of seen.entries()) expect(now[i >> 1]?.text.startsWith(text)).toBe(true);
    }
    const answers = await done;
    await expectWhole(answers, [...texts.values()], ids);
    expect(answers.flatMap((answer, i) => astray(answer, [...texts.values()][i >> 1] ?? ''))).toEqual([]);
  });
});

test('what was acknowledged is there after a kill, also what was never run, and a key still stands for what it made', async () => {
  const acknowledged = new Map<string, string>();
  const sender = async (name: string) => {
    for (let i = 0; ; i++) {
      const key = `${name}-${i}`;
      const id = await generate('crowded', 1, key).catch(() => undefined);
      if (id === undefined) return;
      acknowledged.set(key, id);
    }
  };
  const readers = new Readers(server);
  const senders = Promise.all(['a', 'b', 'c', 'd'].map(sender));
  while (acknowledged.size < 40) await new Promise(setImmediate);
  await readers.crash(async () => {
    await senders;
  });
  for (const [key, id] of acknowledged) {
    expect((await stored(id)).id).toBe(id);
    expect(await generate('crowded', 1, key)).toBe(id);
  }
});

test('what was queued stays queued, in its order, and runs', async () => {
  const seeds = freshSeeds(6);
  const texts = await uninterrupted(seeds);
  const readers = new Readers(server);
  const { ids, done } = await startStreams('narrow', seeds, readers);
  await readers.until((answers) => answers.filter(({ text }) => text.length > 50).length >= 4);
  await readers.crash();
  const states = await Promise.all(ids.map(stored));
  expect(states.slice(2).map(({ status }) => status)).toEqual(['QUEUED', 'QUEUED', 'QUEUED', 'QUEUED']);
  expect(states.slice(2).map(({ queuePosition }) => queuePosition)).toEqual([1, 2, 3, 4]);
  await expectWhole(await done, [...texts.values()], ids);
});

describe('where the log was lost while the server was down', () => {
  test('clients with old cursors are rewound, and end with the right text', async () => {
    const seeds = freshSeeds(streams);
    const texts = await uninterrupted(seeds);
    const readers = new Readers(server);
    const { ids, done } = await startStreams('moby', seeds, readers);
    await readers.until((answers) => answers.every(({ text }) => text.length > 200));
    const seen = await readers.crash(server.loseLogs);
    const answers = await done;
    await expectWhole(answers, [...texts.values()], ids);
    expect(answers.every(({ pieces }, i) => sentAgain(pieces, seen[i]?.length ?? 0))).toBe(true);
  });

  test('a cursor into a generation that had ended is as good as before', async () => {
    const readers = new Readers(server);
    const [id = ''] = (await startStreams('fast', freshSeeds(1), readers)).ids;
    const answer = await readers.read(id, 'ws');
    await readers.crash(server.loseLogs);
    const again = new Answer();
    again.text = answer.text.slice(0, answer.pieces[0]?.text.length);
    await readers.read(id, 'sse', again, answer.cursors[2]);
    expect(again.text).toBe(answer.text);
    expect(again.ends).toBe(1);
  });
});

/** Whether a text came at the beginning although the reader had more. */
const sentAgain = (pieces: Answer['pieces'], length: number) =>
  length > 0 && pieces.filter(({ position }) => position === 0).length > 1;
