import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import type { Bus } from '../../src/bus/bus.ts';
import { memoryBus } from '../../src/bus/memory.ts';
import { GenerateDocument } from '../../src/client/generated/operations.ts';
import { type App, compose, embedded } from '../../src/compose.ts';
import { loadConfig } from '../../src/config.ts';
import type { Generation } from '../../src/domain/generation.ts';
import { nextOf } from '../../src/domain/polled.ts';
import { Follower } from '../../src/generation/follow.ts';
import { SqliteLog } from '../../src/log/sqlite.ts';
import { Tails } from '../../src/log/tails.ts';
import { createHttpServer, type HttpServer } from '../../src/server/server.ts';
import type { Store } from '../../src/store/store.ts';
import { temporaryFolder } from '../folder.ts';
import { below, seeded } from '../random.ts';
import { ask } from './client.ts';

/** A bus that knows how many listen. */
class CountingBus implements Bus {
  readonly #bus = memoryBus();
  listeners = 0;
  most = 0;

  publish = this.#bus.publish;
  check = this.#bus.check;
  close = this.#bus.close;

  async subscribe(topic: string, listener: (message: unknown) => void): Promise<() => void> {
    const end = await this.#bus.subscribe(topic, listener);
    this.most = Math.max(this.most, ++this.listeners);
    return () => {
      this.listeners--;
      end();
    };
  }
}

let folder: ReturnType<typeof temporaryFolder>;
let bus: CountingBus;
beforeEach(() => {
  folder = temporaryFolder();
  bus = new CountingBus();
});
afterEach(() => folder.remove());

/** A store that takes its time with a generation, so that a client may be gone before its subscription is there. */
function slow(store: Store): Store {
  const { generations } = store;
  const byIds: typeof generations.byIds = async (ids) => {
    await sleep(5);
    return generations.byIds(ids);
  };
  return { ...store, generations: { ...generations, byIds } };
}

const count = 10_000;

describe('ten thousand followers leave nothing behind', () => {
  let log: SqliteLog;
  let tails: Tails;
  beforeEach(() => {
    log = new SqliteLog({ path: join(folder.path, 'log.db'), bus });
    tails = new Tails({
      log,
      bus,
      onError: (error) => {
        throw error;
      },
    });
  });
  afterEach(() => {
    tails.close();
    log.close();
  });

  test.for([
    { on: 'ten thousand logs', logs: count },
    { on: 'one log', logs: 1 },
  ])('on $on', async ({ logs }) => {
    const ids = Array.from({ length: logs }, (_, i) => `gen_${i}`);
    await Promise.all(ids.map((id) => log.append(id, null, [{ type: 'queued', at: 0 }])));
    const followers = Array.from({ length: count }, (_, i) => {
      const generation = { id: ids[i % logs], status: 'QUEUED' } as Generation;
      return new Follower({ store: {} as Store, tails }, generation, undefined);
    });
    const next = () => Promise.all(followers.map((follower) => nextOf(follower)));
    expect((await next()).every((event) => event?.entry.type === 'queued')).toBe(true);
    const waiting = next();
    expect({ tails: tails.size, listeners: bus.listeners }).toEqual({ tails: logs, listeners: logs });
    for (const follower of followers) follower.close();
    expect(await waiting).toEqual(followers.map(() => undefined));
    expect({ tails: tails.size, listeners: bus.listeners }).toEqual({ tails: 0, listeners: 0 });
  });
});

describe('two thousand clients that are gone without a word', () => {
  const clients = 2_000;
  const atOnce = 100;
  const seed = Number(process.env.SEED ?? 11);
  let app: App;
  let http: HttpServer;
  let url: string;
  let ids: string[];
  /** How many listeners the server has where nobody subscribes. */
  let own: number;

  beforeEach(async () => {
    const config = loadConfig({ env: { MILLRACE_DATA_DIR: folder.path, LOG_LEVEL: 'silent' }, cwd: folder.path });
    const logger = pino({ level: 'silent' });
    // Nothing works on the queue: streams stay open, and the only listeners that come are subscribers.
    const parts = await embedded(config);
    app = await compose(config, { ...parts, store: slow(parts.store), bus }, logger);
    own = bus.listeners;
    http = createHttpServer({ ...app, logger, trustedProxies: 0, limits: config.limits });
    url = `${await http.listen(0, '127.0.0.1')}/graphql`;
    const generate = () => ask(url, GenerateDocument, { input: { prompt: 'Call me' } });
    ids = (await Promise.all(Array.from({ length: 10 }, generate))).map(({ generate }) => generate.generation.id);
  });
  afterEach(async () => {
    await http.close(0);
    await app.close();
  });

  const queries = ['generation(id: $id) { cursor }', 'model { id }', 'myGenerations { id }'];
  const body = (query: string, id: string) =>
    JSON.stringify({ query: `subscription ($id: ID!) { ${query} }`, variables: { id } });
  /** A subscription that uses its variable is valid; the others do without it. */
  const payloadOf = (random: () => number): string => {
    const query = queries[below(random, queries.length)] ?? '';
    const id = ids[below(random, ids.length)] ?? '';
    return query.includes('$id') ? body(query, id) : JSON.stringify({ query: `subscription { ${query} }` });
  };

  /** How far a client gets before it is gone. */
  type Stage = 'asked' | 'a moment later' | 'an answer' | 'an event';
  const stages: Stage[] = ['asked', 'a moment later', 'an answer', 'an event'];

  async function goneFromSse(payload: string, stage: Stage, random: () => number): Promise<void> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname).setEncoding('utf8');
    const gone = once(socket, 'close');
    const head = `POST /graphql HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n`;
    await once(socket, 'connect');
    socket.write(`${head}Content-Length: ${payload.length}\r\n\r\n${payload}`, () => {
      if (stage === 'asked') socket.resetAndDestroy();
      if (stage === 'a moment later') setTimeout(() => socket.destroy(), below(random, 20));
    });
    let received = '';
    socket.on('data', (text: string) => {
      received += text;
      if (stage === 'an answer' || received.includes('event: next')) socket.destroy();
    });
    await gone;
  }

  async function goneFromWs(payload: string, stage: Stage, random: () => number): Promise<void> {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
    socket.on('error', () => {});
    const gone = once(socket, 'close');
    await once(socket, 'open');
    socket.send('{"type":"connection_init"}');
    await once(socket, 'message');
    socket.send(`{"id":"1","type":"subscribe","payload":${payload}}`, () => {
      if (stage === 'asked') socket.terminate();
      if (stage === 'a moment later') setTimeout(() => socket.terminate(), below(random, 20));
    });
    if (stage === 'an answer') socket.send('{"id":"1","type":"complete"}', () => socket.terminate());
    if (stage === 'an event') {
      const [event] = await once(socket, 'message');
      expect(String(event)).toContain('"type":"next"');
      socket.terminate();
    }
    await gone;
  }

  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

  test.for([
    { transport: 'WebSocket', leave: goneFromWs },
    { transport: 'SSE', leave: goneFromSse },
  ])('over $transport leave no listener and no timer behind', async ({ transport, leave }) => {
    const random = seeded(seed);
    await leave(payloadOf(random), 'an event', random);
    const timersBefore = timers();
    for (let i = 0; i < clients; i += atOnce) {
      const batch = Array.from({ length: atOnce }, (_, at) => {
        return leave(payloadOf(random), stages[at % stages.length] ?? 'asked', random);
      });
      await Promise.all(batch);
    }
    const { most } = bus;
    // What the server does about the last ones is done some turns of the loop later.
    for (let turn = 0; turn < 500 && (bus.listeners > own || timers() > timersBefore); turn++) {
      await sleep(2);
    }
    console.log(`seed ${seed}, ${transport}: ${clients} clients, ${most} listeners at most, ${bus.listeners} left`);
    expect(most).toBeGreaterThan(own);
    expect(bus.listeners).toBe(own);
    expect(timers()).toBeLessThanOrEqual(timersBefore);
  });
});
