import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { temporaryFolder } from './folder.ts';

/** A real Redis of the tests' own, on a free port of loopback and a folder of its own. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** SIGKILL; what AOF has kept is there after `start`. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** SIGSTOP and SIGCONT, for one that is there and does not answer. */
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

export async function startRedis({ args = [] }: { args?: readonly string[] } = {}): Promise<RedisServer> {
  const folder = temporaryFolder();
  const port = await freePort();
  const settings = [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--dir',
    folder.path,
    '--save',
    '',
    '--appendonly',
    'yes',
  ];
  let child = await launch([...settings, ...args]);

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    async start() {
      child = await launch([...settings, ...args]);
    },
    signal: (name) => void child.kill(name),
    async stop() {
      await kill();
      folder.remove();
    },
  };
}

async function launch(args: readonly string[]) {
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}:\n${output}`)));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('Ready to accept connections')) resolve();
    });
  });
  return child;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}
