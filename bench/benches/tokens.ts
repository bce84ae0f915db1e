import { type PostgresServer, startPostgres } from '../../test/postgres-server.ts';
import { startRedis } from '../../test/redis-server.ts';
import { alternating, atMost, type Bench, spread } from '../bench.ts';
import { direct, type Flow, flow, type Load, millrace, type Way } from '../streams.ts';

const load: Load = { streams: 400, overMs: 1_000, tokensPerSecond: 50, firstMs: 20, from: 2_200, to: 4_200 };

export const bench: Bench = {
  name: 'tokens',
  what: `${load.streams} generations at once, of ${load.tokensPerSecond} tokens a second each, each with one viewer on a WebSocket of its own: CPU for each token on its way from the model's socket to the viewer's, of all Millrace's processes together, in µs. Redis and Postgres are not counted.`,

  async run() {
    await using stack = new AsyncDisposableStack();
    const postgres = await startPostgres();
    stack.defer(() => postgres.stop());
    let databases = 0;
    const { parser, embedded, distributed } = await alternating({
      parser: () => flow(load, (port) => direct(port, 'parser')),
      embedded: () => flow(load, (port) => millrace(port, ['all'])),
      distributed: () => flow(load, (port) => inTwo(port, postgres, `bench_${++databases}`)),
    });
    const cost = (flows: readonly Flow[]) => flows.map((each) => each.cost);
    const row = (name: string, flows: readonly Flow[]) => [name, spread(cost(flows), 1)];
    return {
      columns: ['', 'µs a token'],
      rows: [
        row('fetch and eventsource-parser alone', parser),
        row('Millrace, embedded', embedded),
        row('Millrace, distributed: a node and a worker', distributed),
      ],
      bars: [
        atMost('µs a token, embedded', cost(embedded), 25),
        atMost('µs a token, distributed', cost(distributed), 50),
      ],
    };
  },
};

/** An API node and a worker, with nothing in Redis and Postgres: what a round before has left would be gone on with. */
async function inTwo(modelPort: number, postgres: PostgresServer, database: string): Promise<Way> {
  await using stack = new AsyncDisposableStack();
  const redis = await startRedis();
  stack.defer(() => redis.stop());
  const shared = { REDIS_URL: redis.url, DATABASE_URL: await postgres.database(database) };
  const way = stack.use(await millrace(modelPort, ['api', 'worker'], shared));
  const kept = stack.move();
  return { ...way, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
