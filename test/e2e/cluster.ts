import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { startServer, type TestServer } from './server.ts';

/** The distributed mode as it is run: every node a process of the command, on a real Redis and a real Postgres. */
export interface Cluster {
  readonly apis: readonly TestServer[];
  readonly workers: readonly TestServer[];
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
  /** Resolves once every node says that it is ready. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts two API nodes and two workers, on a Redis that writes every command to its disk before it answers. */
export async function startCluster({ yaml }: { yaml: string }): Promise<Cluster> {
  const [redis, postgres] = await Promise.all([startRedis({ args: ['--appendfsync', 'always'] }), startPostgres()]);
  const shared = { REDIS_URL: redis.url, DATABASE_URL: await postgres.database() };
  const start = (role: string) => startServer({ yaml, env: { ...shared, MILLRACE_ROLE: role } });
  const nodes = await Promise.all(['api', 'api', 'worker', 'worker'].map(start));
  return {
    apis: nodes.slice(0, 2),
    workers: nodes.slice(2),
    redis,
    postgres,
    ready: async () => void (await Promise.all(nodes.map((node) => untilReady(node)))),
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      await Promise.all([redis.stop(), postgres.stop()]);
    },
  };
}

export interface Readiness {
  readonly status: number;
  readonly checks: Readonly<Record<string, string>>;
}

/** What a node says of itself at /ready. */
export async function readiness({ url }: Pick<TestServer, 'url'>): Promise<Readiness> {
  const response = await fetch(new URL('/ready', url));
  const { checks } = (await response.json()) as Pick<Readiness, 'checks'>;
  return { status: response.status, checks };
}

async function untilReady(node: TestServer): Promise<void> {
  for (let left = 400; ; left--) {
    const said = await readiness(node).catch((cause) => ({ status: 0, checks: { cause: String(cause) } }));
    if (said.status === 200) return;
    if (left === 0) throw new Error(`${node.url} is not ready: ${JSON.stringify(said)}\n${node.output()}`);
    await sleep(50);
  }
}
