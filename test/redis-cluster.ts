import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from './redis-server.ts';

/** Three real nodes of a cluster on loopback, each with a third of the slots. */
export interface RedisCluster {
  /** `redis-cluster://…`, with all three. */
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  stop(): Promise<void>;
}

const slots = 16_384;

export async function startRedisCluster(): Promise<RedisCluster> {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'];
  const nodes = await Promise.all([0, 1, 2].map(() => startRedis({ args })));
  const clients = nodes.map(({ url }) => new Redis(url));
  await Promise.all(
    clients.map(async (client, n) => {
      const [first, last] = [Math.ceil((n * slots) / 3), Math.ceil(((n + 1) * slots) / 3) - 1];
      await client.call('CLUSTER', 'ADDSLOTSRANGE', `${first}`, `${last}`);
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', `${n + 1}`);
    }),
  );
  for (const { port } of nodes) await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', `${port}`);
  for (const client of clients) {
    while (!/cluster_state:ok[\s\S]*cluster_known_nodes:3/.test(String(await client.call('CLUSTER', 'INFO')))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    client.disconnect();
  }
  return {
    url: `redis-cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    async stop() {
      for (const node of nodes) await node.stop();
    },
  };
}
