import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { launch } from '../scripts/services/launch.ts';
import { freePort } from '../scripts/services/ports.ts';
import { temporaryFolder } from './folder.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

/** A Redis, its replica, and three Sentinels that watch them, all real and on loopback. */
export interface RedisSentinel {
  /** `redis-sentinel://…/main`. */
  readonly url: string;
  readonly primary: RedisServer;
  readonly replica: RedisServer;
  /** The first one in the URL goes, as with the machine that it shares with the primary. */
  killFirst(): Promise<void>;
  stop(): Promise<void>;
}

const quorum = 2;

export async function startRedisSentinel(): Promise<RedisSentinel> {
  // It would wait 5 s for more replicas.
  const primary = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', `${primary.port}`] });
  await until(replica.port, async (client) => /master_link_status:up/.test(await client.info('replication')));
  const sentinels = await Promise.all([0, 1, 2].map(() => launchSentinel(primary.port)));
  for (const { port } of sentinels) {
    await until(port, async (client) => {
      const known = String(await client.call('SENTINEL', 'CKQUORUM', 'main').catch(() => ''));
      const replicas = (await client.call('SENTINEL', 'REPLICAS', 'main')) as unknown[];
      return known.startsWith('OK 3') && replicas.length === 1;
    });
  }
  return {
    url: `redis-sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/main`,
    primary,
    replica,
    killFirst: async () => sentinels[0]?.end(),
    async stop() {
      await Promise.all(sentinels.map((sentinel) => sentinel.end()));
      await Promise.all([primary.stop(), replica.stop()]);
    },
  };
}

async function launchSentinel(primaryPort: number) {
  const folder = temporaryFolder();
  const port = await freePort();
  const file = join(folder.path, 'sentinel.conf');
  const watch = ['down-after-milliseconds main 500', 'failover-timeout main 3000'];
  const lines = [`monitor main 127.0.0.1 ${primaryPort} ${quorum}`, ...watch].map((line) => `sentinel ${line}`);
  const place = ['bind 127.0.0.1', `port ${port}`, `dir ${folder.path}`];
  writeFileSync(file, `${[...place, ...lines].join('\n')}\n`);
  const sentinel = await launch('redis-server', [file, '--sentinel'], { ready: /\+monitor master main/ });
  return {
    port,
    async end() {
      await sentinel.end('SIGKILL');
      folder.remove();
    },
  };
}

/** Waits until a server says that it is so far. */
async function until(port: number, isSo: (client: Redis) => Promise<boolean>): Promise<void> {
  const client = new Redis(port, '127.0.0.1').on('error', () => {});
  while (!(await isSo(client))) await sleep(20);
  client.disconnect();
}
