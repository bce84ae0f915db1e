import { setTimeout as sleep } from 'node:timers/promises';
import { alternating, atMost, type Bench, percentile, rounds, spread } from '../bench.ts';
import { Child } from '../child.ts';
import type { Arrival, Texts, Wait } from '../clients/returners.ts';
import { needFiles } from '../files.ts';
import { generate, type Millrace, watched } from '../servers/millrace.ts';

const viewers = 5_000;
const everyMs = 100;
/** All read for so long before their connections break. */
const beforeMs = 1_000;
/** Times and no ratios: so often is enough. */
const atMostRounds = 3;

/** The network is away for half a second, then all come in the same moment. The model speaks until the last is back. */
const atOnce = { wait: { least: 500, most: 500 }, tokens: 40 };
/** graphql-ws 6 waits like this before it tries again: 1 s, and 0.3 to 3 s at random. */
const backOff = { wait: { least: 1_300, most: 4_000 }, tokens: 60 };

interface Storm {
  readonly wait: Wait;
  readonly tokens: number;
}

/** ms from a viewer's connect to its first missed event. */
interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

export const bench: Bench = {
  name: 'resume',
  what: `${viewers} viewers of one answer, of ${1_000 / everyMs} tokens a second, lose their WebSockets at once in the midst of it, and come back with the cursors that they have: milliseconds from each one's connect to the first that it had missed. Each was told the whole answer in the end, and nothing of it twice, or the bench fails.`,

  async run() {
    needFiles(viewers + 1_000);
    await using stack = new AsyncDisposableStack();
    const crowd = stack.use(new Child('clients/returners.ts'));
    const model = stack.use(new Child('servers/model.ts'));
    const server = stack.use(await watched(await model.ask('listen')));
    const stage = { crowd, model, server };
    const times = await alternating(
      { atOnce: () => run(stage, atOnce), spread: () => run(stage, backOff) },
      Math.min(rounds, atMostRounds),
    );

    const of = (runs: readonly Times[], what: keyof Times) => runs.map((run) => run[what]);
    const row = (name: string, runs: readonly Times[]) => [
      name,
      ...(['p50', 'p99', 'most'] as const).map((what) => spread(of(runs, what), 0)),
    ];
    return {
      columns: ['they come back', 'p50, ms', 'p99, ms', 'the last, ms'],
      rows: [row('all at once, 0.5 s later', times.atOnce), row('as graphql-ws does, 1.3 to 4 s later', times.spread)],
      bars: [
        atMost('p99, all at once', of(times.atOnce, 'p99'), 1_000, ' ms'),
        atMost('p99, as graphql-ws does', of(times.spread, 'p99'), 1_000, ' ms'),
      ],
    };
  },
};

interface Stage {
  readonly crowd: Child;
  readonly model: Child;
  readonly server: Millrace;
}

async function run({ crowd, model, server }: Stage, { wait, tokens }: Storm): Promise<Times> {
  const id = await generate(server);
  const { url, key } = server;
  await crowd.ask('come', { url, key, id, readers: viewers } satisfies Arrival);
  const spoken = model.ask('speak', { tokens, everyMs });
  await sleep(beforeMs);
  const times = await crowd.ask<number[]>('comeBack', wait);
  await spoken;
  const texts = await crowd.ask<Texts>('read');
  const { generation } = await server.query<{ generation: { text: string } }>(
    'query ($id: ID!) { generation(id: $id) { text } }',
    { id },
  );
  if (texts.get(generation.text) !== viewers)
    throw new Error(`Of ${viewers} only ${texts.get(generation.text) ?? 0} have the text.`);
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), most: Math.max(...times) };
}
