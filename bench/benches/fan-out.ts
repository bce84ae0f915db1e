import { setTimeout as sleep } from 'node:timers/promises';
import { print } from 'graphql';
import { FollowGenerationDocument } from '../../src/client/generated/operations.ts';
import { alternating, atLeast, type Bench, median, ratios, spread } from '../bench.ts';
import { Child } from '../child.ts';
import type { Heard, Join } from '../clients/viewers.ts';
import { needFiles } from '../files.ts';
import { generate, greetings, type Millrace, watched } from '../servers/millrace.ts';

/** Events a second are so many that no server is at its limit; the slowest of them can just keep up. */
const crowds = {
  many: { viewers: 500, events: 200, everyMs: 16 },
  most: { viewers: 5_000, events: 40, everyMs: 80 },
} as const;

interface Crowd {
  readonly viewers: number;
  readonly events: number;
  readonly everyMs: number;
}

/** Before anything is measured, for the compilers of all of them. */
const warmUp = { viewers: 500, events: 60, everyMs: 16 };
/** One viewer alone, who is told every event by itself: what the other servers send is what Millrace sends to it. */
const listener = { viewers: 1, events: 200, everyMs: 16 };

/** Who subscribes at a peer is not told when that is done: after so long it is. */
const settleMs = 300;

const peers = { yoga: 'GraphQL Yoga, graphql-ws', apollo: 'Apollo Server, graphql-ws', mercurius: 'Mercurius, jit' };
const names = { raw: 'raw `ws`', millrace: 'Millrace', ...peers };
type Name = keyof typeof names;

/** What one run cost its server. */
interface Run extends Heard {
  /** µs of CPU for each message that a viewer was told. */
  readonly cost: number;
}

export const bench: Bench = {
  name: 'fan-out',
  what: 'One generation that many watch, each over a WebSocket of its own: CPU of the server, from just before the first event until all have heard the last, for each message that a viewer received, in µs.',

  async run() {
    needFiles(crowds.most.viewers + 1_000);
    await using stage = new Stage();
    await stage.open();
    const ways = (crowd: Crowd, some: readonly Name[]) =>
      Object.fromEntries(some.map((name) => [name, () => stage.run(name, crowd)])) as Record<Name, () => Promise<Run>>;
    await stage.listen();
    for (const name of Object.keys(names)) await stage.run(name as Name, warmUp);
    const many = await alternating(ways(crowds.many, Object.keys(names) as Name[]));
    const most = await alternating(ways(crowds.most, ['raw', 'millrace']));

    const cost = (runs: readonly Run[] = []) => runs.map((run) => run.cost);
    const row = (crowd: Crowd, name: Name, runs: readonly Run[]) => {
      const received = median(runs.map(({ messages }) => messages / crowd.viewers)).toFixed(0);
      return [names[name], `${crowd.viewers}`, received, spread(cost(runs), 1)];
    };
    const rows = (crowd: Crowd, figures: Record<Name, Run[]>) =>
      Object.entries(figures).map(([name, runs]) => row(crowd, name as Name, runs));
    const best =
      (Object.keys(peers) as Name[]).sort((a, b) => median(cost(many[a])) - median(cost(many[b])))[0] ?? 'yoga';
    return {
      columns: ['', 'viewers', 'messages each', 'µs a message'],
      rows: [...rows(crowds.many, many), ...rows(crowds.most, most)],
      bars: [
        atLeast('of raw `ws`, 500 viewers', ratios(cost(many.raw), cost(many.millrace)), 0.85),
        atLeast('of raw `ws`, 5,000 viewers', ratios(cost(most.raw), cost(most.millrace)), 0.85),
        atLeast(`times the best other (${names[best]})`, ratios(cost(many[best]), cost(many.millrace)), 3),
      ],
    };
  },
};

/** All servers, of which one at a time has something to do, and the viewers. */
class Stage implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #viewers = this.#stack.use(new Child('clients/viewers.ts'));
  readonly #model = this.#stack.use(new Child('servers/model.ts'));
  readonly #others = new Map<Name, { process: Child; url: string }>();
  #millrace!: Millrace;
  /** What Millrace said from the first text on, whole messages. */
  #said: readonly string[] = [];

  async open(): Promise<void> {
    this.#millrace = this.#stack.use(await watched(await this.#model.ask('listen')));
    for (const name of ['raw', ...Object.keys(peers)] as Name[]) {
      const process = this.#stack.use(new Child(`servers/${name}.ts`));
      this.#others.set(name, { process, url: await process.ask('listen') });
    }
  }

  /** Hears what Millrace says, for the others to say it. */
  async listen(): Promise<void> {
    const { told } = await this.run('millrace', listener);
    this.#said = told.filter((message) => message.includes('"type":"next"'));
  }

  async run(name: Name, crowd: Crowd): Promise<Run> {
    const other = this.#others.get(name);
    const server = other?.process ?? this.#millrace.process;
    await this.#join(crowd, other?.url);
    const before = server.cpuMs;
    const heard = this.#viewers.ask<Heard>('heard');
    if (other) await other.process.ask('play', { events: this.#events(name, crowd), everyMs: crowd.everyMs });
    else await this.#model.ask('speak', { tokens: crowd.events, everyMs: crowd.everyMs });
    const { messages, bytes, told } = await heard;
    const cost = ((server.cpuMs - before) * 1_000) / messages;
    await this.#viewers.ask('leave');
    return { messages, bytes, told, cost };
  }

  /** Resolves when all are in their places, and nothing has been said yet. */
  async #join({ viewers }: Crowd, url: string | undefined): Promise<void> {
    const join = (more: Pick<Join, 'url' | 'variables'> & Partial<Join>) =>
      this.#viewers.ask('join', { viewers, query: print(FollowGenerationDocument), ...more } satisfies Join);
    if (url !== undefined) {
      await join({ url, variables: { id: 'gen_bench' } });
      return sleep(settleMs);
    }
    const { url: own, key } = this.#millrace;
    return join({ url: own, key, variables: { id: await generate(this.#millrace) }, greetings });
  }

  /** What is said to a crowd: raw messages, or what of them is the answer. */
  #events(name: Name, { events }: Crowd): unknown[] {
    const said = [...this.#said.slice(0, events), ...this.#said.slice(-1)];
    return name === 'raw' ? said : said.map((message) => JSON.parse(message).payload.data.generation);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
