import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { temporaryFolder } from './folder.ts';
import { freePort } from './redis-server.ts';

/** A real Postgres of the tests' own, on a free port of loopback and a folder of its own. */
export interface PostgresServer {
  /** Of a new, empty database; without a name, of one that is always there. */
  database(name?: string): Promise<string>;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = temporaryFolder();
  const data = join(folder.path, 'data');
  const port = await freePort();
  const user = unprivileged();
  if (user) chownSync(folder.path, user.uid, user.gid);
  const settings = { ...user, cwd: folder.path, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } };
  execFileSync(tool('initdb'), ['-D', data, '-U', 'millrace', '-A', 'trust', '-E', 'UTF8'], {
    ...settings,
    stdio: 'pipe',
  });
  const origin = `postgres://millrace@127.0.0.1:${port}`;
  const args = ['-D', data, '-p', `${port}`, '-c', 'listen_addresses=127.0.0.1', '-k', folder.path];

  async function launch() {
    const child = spawn(tool('postgres'), args, { ...settings, stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`postgres ended with ${code}:\n${output}`)));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('ready to accept connections')) resolve();
      });
    });
    return child;
  }
  let child = await launch();

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    // SIGQUIT is Postgres' immediate shutdown: no checkpoint, and recovery at the next start.
    child.kill('SIGQUIT');
    await exit;
  }

  return {
    async database(name) {
      if (name === undefined) return `${origin}/postgres`;
      const client = new Client({ connectionString: `${origin}/postgres` });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      return `${origin}/${name}`;
    },
    kill,
    async start() {
      child = await launch();
    },
    async stop() {
      await kill();
      folder.remove();
    },
  };
}

/** Debian keeps the server's programs away from PATH, a folder for each version. */
function tool(name: string): string {
  const root = '/usr/lib/postgresql';
  try {
    const [newest] = readdirSync(root).sort((a, b) => Number(b) - Number(a));
    if (newest) return join(root, newest, 'bin', name);
  } catch {
    // Not Debian's layout: PATH has them.
  }
  return name;
}

/** Postgres does not run as root; the user that its package made does. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
