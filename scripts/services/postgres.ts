import { execFileSync } from 'node:child_process';
import { chownSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Launched, type LaunchOptions, launch } from './launch.ts';
import { find, postgresProgram } from './tools.ts';

export interface PostgresOptions extends Pick<LaunchOptions, 'logFile' | 'detached'> {
  /** Where its data is; made on the first start. */
  readonly folder: string;
  readonly port: number;
}

/** The URL of the database that is always there. Whoever reaches the port may come in. */
export const postgresUrl = (port: number): string => `postgres://millrace@127.0.0.1:${port}/postgres`;

/** A Postgres on loopback. SIGINT ends it in order; SIGQUIT at once, as a crash does. */
export function launchPostgres({ folder, port, ...options }: PostgresOptions): Promise<Launched> {
  const data = join(folder, 'data');
  const user = unprivileged();
  if (user) chownSync(folder, user.uid, user.gid);
  const settings = { ...user, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } };
  if (!existsSync(join(data, 'PG_VERSION'))) {
    const args = ['-D', data, '-U', 'millrace', '-A', 'trust', '-E', 'UTF8'];
    execFileSync(program('initdb'), args, { ...settings, stdio: 'pipe' });
  }
  // No socket file: the path of a folder may be longer than the system allows for one.
  const only = ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
  const ready = /ready to accept connections/;
  return launch(program('postgres'), ['-D', data, '-p', `${port}`, ...only], { ...settings, ...options, ready });
}

const program = (name: string): string => find(postgresProgram(name), process.env) ?? name;

/** Postgres does not run as root; the user that its package made does. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
