import { afterAll, beforeAll, expect, test } from 'vitest';
import { GenerateDocument, GenerationDocument } from '../../src/client/generated/operations.ts';
import { below, seeded } from '../random.ts';
import { Answer, ask, astray, follow, type Transport } from './client.ts';
import { startServer, type TestServer } from './server.ts';

const seed = Number(process.env.SEED ?? 20_261);
const generations = 20;
const subscribers = 200;
const leastDrops = 10;

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    yaml: `
models:
  - id: moby
    backends: [{ kind: ngram, tokensPerSecond: 100 }]
`,
  });
});
afterAll(() => server.stop());

async function start(seedOfText: number): Promise<string> {
  const input = { prompt: 'Call me', parameters: { maxTokens: 2_000, seed: seedOfText } };
  return (await ask(server.url, GenerateDocument, { input })).generate.generation.id;
}

interface Reading {
  readonly id: string;
  readonly answer: Answer;
  drops: number;
}

/** Reads a generation to its end, dropped again and again: where, how, and what it resumes with is the seed's choice. */
async function readDropped(id: string, random: () => number): Promise<Reading> {
  const reading: Reading = { id, answer: new Answer(), drops: 0 };
  const planned = leastDrops + below(random, 5);
  for (let resumeAt: string | undefined; ; resumeAt = resumeCursor(reading.answer, random)) {
    const patience = reading.drops < planned ? below(random, 25) : Number.POSITIVE_INFINITY;
    await readSome(reading, { resumeAt, patience, random });
    if (reading.answer.ends > 0 && reading.drops >= leastDrops) return reading;
    // On a slow machine much comes at once, and the end too early: then it reads on from somewhere.
    reading.answer.ends = 0;
    reading.drops++;
  }
}

/** Reads `patience` events and leaves, or to the end. */
async function readSome(
  { id, answer }: Reading,
  { resumeAt, patience, random }: { resumeAt: string | undefined; patience: number; random: () => number },
): Promise<void> {
  const transport: Transport = random() < 0.5 ? 'ws' : 'sse';
  const abruptly = random() < 0.5;
  const events = follow(transport, server.url, id, resumeAt);
  const leave = () => (abruptly ? events.destroy() : events.close());
  let left = patience;
  // With no patience at all it goes while the server is still at the subscription.
  if (left === 0) setTimeout(leave, below(random, 10));
  try {
    for await (const { generation: event } of events) {
      answer.take(event);
      if (--left <= 0) leave();
      if (left <= 0) return;
    }
  } catch (error) {
    // What its own leaving brought about; anything else is the server's fault.
    if (left > 0) throw error;
  }
}

/** Mostly the last cursor; sometimes an older one, or none, as a client has that lost a part of what it kept. */
function resumeCursor({ cursor, cursors }: Answer, random: () => number): string | undefined {
  const choice = random();
  if (choice < 0.7) return cursor;
  return choice < 0.9 ? cursors[below(random, cursors.length)] : undefined;
}

test('200 subscribers on 20 generations, each dropped and resumed at least 10 times, all end with the stored text', async () => {
  const random = seeded(seed);
  const ids = await Promise.all(Array.from({ length: generations }, (_, i) => start(i)));
  const readings = await Promise.all(
    Array.from({ length: subscribers }, (_, i) =>
      readDropped(ids[i % generations] ?? '', seeded(below(random, 2 ** 32))),
    ),
  );
  const texts = new Map<string, string>();
  for (const id of ids) {
    const { generation } = await ask(server.url, GenerationDocument, { id });
    expect(generation).toMatchObject({ status: 'COMPLETED', usage: { completionTokens: 2_000 } });
    texts.set(id, generation?.text ?? '');
  }
  const different = readings.filter(({ id, answer }) => answer.text !== texts.get(id));
  const wrong = readings.flatMap(({ id, answer }) => astray(answer, texts.get(id) ?? ''));
  const drops = readings.reduce((sum, reading) => sum + reading.drops, 0);
  const events = readings.reduce((sum, { answer }) => sum + answer.cursors.length, 0);
  console.log(`seed ${seed}: ${drops} drops, ${events} events, ${different.length} differences`);
  expect(different).toEqual([]);
  expect(wrong).toEqual([]);
  expect(readings.map(({ answer }) => answer.ends)).toEqual(readings.map(() => 1));
  expect(Math.min(...readings.map((reading) => reading.drops))).toBeGreaterThanOrEqual(leastDrops);
}, 120_000);
