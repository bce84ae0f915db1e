import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../scripts/services/ports.ts';
import { launchRedis } from '../scripts/services/redis.ts';
import { temporaryFolder } from './folder.ts';

export { freePort };

/** A real Redis of the tests' own, on a free port of loopback and a folder of its own. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** SIGKILL; what AOF has kept is there after `start`. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Notes what it has kept up to now; returns what brings that back, of one that was killed. */
  keep(): () => void;
  /** SIGSTOP and SIGCONT, for one that is there and does not answer. */
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

export async function startRedis({ args = [] }: { args?: readonly string[] } = {}): Promise<RedisServer> {
  const folder = temporaryFolder();
  const port = await freePort();
  const launchAgain = () => launchRedis({ folder: folder.path, port, args });
  let server = await launchAgain();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill: () => server.end('SIGKILL'),
    async start() {
      server = await launchAgain();
    },
    keep() {
      const [kept, copy] = [join(folder.path, 'appendonlydir'), join(folder.path, 'kept')];
      cpSync(kept, copy, { recursive: true });
      return () => {
        rmSync(kept, { recursive: true });
        cpSync(copy, kept, { recursive: true });
      };
    },
    signal: (name) => void process.kill(server.pid, name),
    async stop() {
      await server.end('SIGKILL');
      folder.remove();
    },
  };
}
