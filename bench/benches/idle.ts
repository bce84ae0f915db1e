import { setTimeout as sleep } from 'node:timers/promises';
import { print } from 'graphql';
import { FollowGenerationDocument } from '../../src/client/generated/operations.ts';
import { alternating, atMost, type Bench, ratios, spread } from '../bench.ts';
import { Child } from '../child.ts';
import type { Join } from '../clients/viewers.ts';
import { needFiles } from '../files.ts';
import { generate, greetings, watched } from '../servers/millrace.ts';

const sockets = 10_000;
/** How many processes they belong to. */
const clients = 2;
/** After so long a server waits for nothing more of a new client. */
const settleMs = 3_000;

/** KB for each socket, over the server without any. */
interface Memory {
  readonly rss: number;
  readonly heap: number;
}

export const bench: Bench = {
  name: 'idle',
  what: `${sockets} WebSockets with a subscription on each, of which nothing is heard: memory of the server for each, after a collection, over what it takes without any, in KB (1,000 bytes). RSS is all that the process has of the machine; the heap is V8's, with what its objects hold outside of it.`,

  async run() {
    needFiles(sockets + 1_000);
    // Both at a time: it is not time that is measured.
    const { both } = await alternating({ both: () => Promise.all([rawServer(), product()]) });
    const [raw, millrace] = [both.map(([first]) => first), both.map(([, second]) => second)];
    const of = (runs: readonly Memory[], what: keyof Memory) => runs.map((run) => run[what]);
    const row = (name: string, runs: readonly Memory[]) => [
      name,
      spread(of(runs, 'rss'), 1),
      spread(of(runs, 'heap'), 1),
    ];
    return {
      columns: ['', 'RSS, KB', 'heap, KB'],
      rows: [row('raw `ws`', raw), row('Millrace', millrace)],
      bars: [
        atMost('times raw `ws`, RSS', ratios(of(millrace, 'rss'), of(raw, 'rss')), 2),
        atMost('KB each, RSS', of(millrace, 'rss'), 40),
      ],
    };
  },
};

async function rawServer(): Promise<Memory> {
  await using server = new Child('servers/raw.ts');
  const url = await server.ask<string>('listen');
  return await added(server, { url, variables: { id: 'gen_bench' } });
}

async function product(): Promise<Memory> {
  await using model = new Child('servers/model.ts');
  await using server = await watched(await model.ask('listen'));
  const { url, key } = server;
  const id = await generate(server);
  return await added(server.process, { url, key, variables: { id }, greetings });
}

/** What all of them add to a server's memory. */
async function added(server: Child, join: Omit<Join, 'viewers' | 'query'>): Promise<Memory> {
  await using stack = new AsyncDisposableStack();
  const crowds = Array.from({ length: clients }, () => stack.use(new Child('clients/viewers.ts')));
  const query = print(FollowGenerationDocument);
  const joined = (viewers: number) =>
    Promise.all(crowds.map((crowd) => crowd.ask('join', { ...join, viewers, query } satisfies Join)));
  // What is made once, at the first of them, is no socket's.
  await joined(50);
  const before = await server.memory();
  await joined(sockets / clients);
  await sleep(settleMs);
  const after = await server.memory();
  const each = (bytes: number) => bytes / sockets / 1_000;
  return { rss: each(after.rss - before.rss), heap: each(after.heap + after.external - before.heap - before.external) };
}
