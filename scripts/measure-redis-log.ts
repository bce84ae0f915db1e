/**
 * Measures what generations cost in Redis: memory of each while it runs and after its end, and commands per batch. On a
 * Redis of its own. Arguments: how many generations (1000), of how many tokens (500), in how many tokens a batch (2: at
 * 40 tokens a second, what gathers in 40 ms).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { ngramBackend } from '../src/backends/ngram/ngram.ts';
import type { Entry } from '../src/domain/entry.ts';
import { newId } from '../src/domain/ids.ts';
import { Progress } from '../src/domain/progress.ts';
import { RedisLog } from '../src/log/redis.ts';
import { freePort } from './services/ports.ts';
import { launchRedis } from './services/redis.ts';

const [generations = 1000, tokens = 500, perBatch = 2] = process.argv.slice(2).map(Number);

const folder = mkdtempSync(join(tmpdir(), 'millrace-measure-'));
const port = await freePort();
const server = await launchRedis({ folder, port });
const redis = new Redis(port, '127.0.0.1');
try {
  await measure();
} finally {
  redis.disconnect();
  await server.end('SIGTERM');
  rmSync(folder, { recursive: true });
}

async function measure(): Promise<void> {
  const log = new RedisLog({ redis });
  const batches = await textEntries();
  const ids = Array.from({ length: generations }, () => newId('gen'));
  const progress = new Map<string, Progress>();
  const appendToAll = async (entry: Entry) => {
    await Promise.all(ids.map((id) => log.append(id, progress.get(id) ?? null, [entry])));
    if (entry.type === 'queued')
      for (const [id, { epoch }] of await log.heads(ids)) progress.set(id, new Progress(epoch));
    for (const each of progress.values()) each.apply(entry);
  };
  const at = Date.now();
  const before = await used();
  const report = async (what: string) => {
    const bytes = ((await used()) - before) / generations;
    console.log(`${what}: ${Math.round(bytes)} bytes each`);
  };

  await appendToAll({ type: 'queued', at });
  await appendToAll({ type: 'attemptStarted', at, attempt: 1, backend: 'gpu-1', keptLength: 0, keptTokens: 0 });
  await report('begun, no token yet');
  await redis.config('RESETSTAT');
  const started = performance.now();
  for (const batch of batches) await appendToAll(batch);
  const ms = performance.now() - started;
  const sent = Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1]);
  await report(`running, at token ${tokens}`);
  const usage = { promptTokens: 8, completionTokens: tokens };
  await appendToAll({ type: 'ended', at, status: 'COMPLETED', finishReason: 'LENGTH', usage, error: null });
  await report('ended');
  const [id] = ids;
  const sizes = [
    await redis.memory('USAGE', `millrace:{${id}}:log`),
    await redis.memory('USAGE', `millrace:{${id}}:head`),
  ];
  console.log(`MEMORY USAGE of one: log ${sizes[0]}, head ${sizes[1]} bytes`);
  const written = generations * batches.length;
  console.log(`${written} batches: ${sent} scripts sent, ${Math.round(written / (ms / 1000))} batches a second`);
}

/** What a run writes into its log, batch by batch. */
async function textEntries(): Promise<Entry[]> {
  const parameters = { maxTokens: tokens, seed: 1 };
  const messages = [{ role: 'USER' as const, text: 'Call me' }];
  const request = { generationId: newId('gen'), messages, prefix: '', prefixTokens: 0, parameters };
  let answer = '';
  const onDelta = (text: string) => {
    answer += text;
    return undefined;
  };
  await ngramBackend({ tokensPerSecond: 0 }).generate(request, onDelta, new AbortController().signal);
  const words = answer.match(/\s*(?:\w+|\S)/g) ?? [];
  const entries: Entry[] = [];
  let position = 0;
  for (let from = 0; from < words.length; from += perBatch) {
    const some = words.slice(from, from + perBatch);
    const text = some.join('');
    entries.push({ type: 'textAppended', at: Date.now(), position, text, tokens: some.length });
    position += text.length;
  }
  console.log(`${words.length} tokens, ${position} characters, ${entries.length} batches`);
  return entries;
}

async function used(): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
}
