import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CancelGenerationDocument,
  CreateConversationDocument,
  GenerateDocument,
  GenerationDocument,
  MyGenerationsDocument,
} from '../../src/client/generated/operations.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { Answer, ask, follow, subscribe } from './client.ts';
import { Collector, Reader } from './reader.ts';
import { startServer, type TestServer } from './server.ts';

const yaml = `
batchInterval: 20ms
models: [{ id: moby, backends: [{ kind: ngram, tokensPerSecond: 100 }] }, { id: fast, backends: [{ kind: ngram, tokensPerSecond: 0 }] }]`;
/** Nothing takes longer than this while Redis is away, in ms. */
const fewSeconds = 4_000;

let redis: RedisServer;
let server: TestServer;
/** One that ended before, and its text. */
let ended: string;
let text: string;
/** What seed 1 gives where nothing interrupts it. */
let uninterrupted: string;
beforeAll(async () => {
  redis = await startRedis();
  const env = { LOG_LEVEL: 'info', REDIS_URL: redis.url, NODE_OPTIONS: '--unhandled-rejections=strict' };
  server = await startServer({ yaml, env });
  ended = await generate('fast', 7);
  text = (await whole(ended)).text;
  uninterrupted = (await whole(await generate('fast', 1))).text;
});
afterAll(async () => {
  const code = await server.kill('SIGTERM');
  checkLog();
  const output = server.output();
  await server.stop();
  await redis.stop();
  expect(code).toBe(0);
  expect(output).not.toMatch(/unhandled|uncaught|ERR_UNHANDLED/i);
});

async function generate(model = 'moby', seed = 1): Promise<string> {
  const input = { model, prompt: 'Call me', parameters: { maxTokens: 200, seed } };
  return (await ask(server.url, GenerateDocument, { input })).generate.generation.id;
}

async function whole(id: string): Promise<Answer> {
  const answer = new Answer();
  for await (const { generation } of follow('ws', server.url, id)) answer.take(generation);
  return answer;
}

async function ready(): Promise<{ status: number; checks: Record<string, string> }> {
  const response = await fetch(new URL('/ready', server.url));
  const { checks } = (await response.json()) as { checks: Record<string, string> };
  return { status: response.status, checks };
}

/** The answer, which must come soon. */
async function soon<Value>(answer: Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('It hangs.')), fewSeconds);
  return await Promise.race([answer, late.promise]).finally(() => clearTimeout(timer));
}

const find = async (id: string) => (await ask(server.url, GenerationDocument, { id })).generation;

/** All that must go on without Redis; gives the id of a generation that was accepted meanwhile. */
async function goesOn(): Promise<string> {
  expect(await soon(find(ended))).toMatchObject({ status: 'COMPLETED', text });
  await expect.poll(async () => (await ready()).status).toBe(503);
  const { checks } = await soon(ready());
  expect(checks.bus).toMatch(/^Redis can't be reached: /);
  expect(checks.store).toBe('ok');
  const { createConversation } = await soon(ask(server.url, CreateConversationDocument, { title: 'While away' }));
  expect(createConversation.conversation.id).toMatch(/^conv_/);
  const id = await soon(generate('fast', 3));
  expect(await soon(find(id))).toMatchObject({ status: 'QUEUED', text: '' });
  await expect(soon(ask(server.url, CancelGenerationDocument, { id }))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  return id;
}

/** Of each outage the log tells its begin, in one line, and its end; beside that whose generations fail of it for now. */
function checkLog(): void {
  const lines = server.output().match(/^\{.*$/gm) ?? [];
  let away = false;
  for (const line of lines) {
    const { level, msg, err } = JSON.parse(line) as { level: number; msg: string; err?: unknown };
    expect(level, line).toBeLessThan(50);
    expect(err, line).toBeUndefined();
    if (!/^Redis /.test(msg)) continue;
    expect(msg).toMatch(away ? /^Redis is back$/ : /^Redis can't be reached: \w/);
    away = !away;
  }
  expect(lines.join()).toContain("Redis can't be reached");
}

async function untilReady(): Promise<void> {
  await expect.poll(async () => (await ready()).status).toBe(200);
}

describe('Redis is away', () => {
  test('later: queries go on, generations are accepted, streams pause and go on, and all is as if it had not been', async () => {
    const running = new Reader(server.url, await generate());
    const mine = new Collector(subscribe('ws', server.url, MyGenerationsDocument, {}));
    await running.untilText(200);
    await redis.kill();
    const accepted = await goesOn();
    const late = new Reader(server.url, accepted);
    // What it has written is where nobody can read it now, and nothing else is said in its place.
    await expect(soon(find(running.id))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await redis.start();
    await running.end();
    expect(running.answer.text).toBe(uninterrupted);
    await late.end();
    await mine.until(({ myGenerations: { id, status } }) => id === accepted && status === 'COMPLETED');
    mine.close();
    await untilReady();
  });

  test('there and silent: commands fail in time', async () => {
    redis.signal('SIGSTOP');
    const accepted = await goesOn().finally(() => redis.signal('SIGCONT'));
    await whole(accepted);
    await untilReady();
  });

  test('and comes back without the last it had written: what ran goes on from what is left, at once', async () => {
    const running = new Reader(server.url, await generate());
    await running.untilText(50);
    const loseTheRest = redis.keep();
    await running.untilText(400);
    await redis.kill();
    loseTheRest();
    await redis.start();
    await soon(running.end());
    expect(running.answer.text).toBe(uninterrupted);
    await untilReady();
  });

  test('at a stop and at the start: it stops, it starts, and it goes on when Redis is there', async () => {
    const interrupted = await generate();
    await new Reader(server.url, interrupted).untilText(50);
    await redis.kill();
    expect(await server.kill('SIGTERM')).toBe(0);
    await server.restart();
    const accepted = await goesOn();
    await redis.start();
    await whole(accepted);
    expect((await whole(interrupted)).text).toBe(uninterrupted);
    await untilReady();
  });
});
