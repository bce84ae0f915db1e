import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../scripts/services/ports.ts';
import { temporaryFolder } from '../folder.ts';
import { openGround } from './ground.ts';

const bin = fileURLToPath(new URL('../../bin/millrace.js', import.meta.url));

export interface ServerOptions {
  /** millrace.yaml; the built-in model without one. */
  readonly yaml?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Told what it prints, also before it is up. */
  readonly onOutput?: (text: string) => void;
}

/** The real command as a process of its own, on a free port and a folder of its own, that can die and come back. */
export interface TestServer {
  /** `http://127.0.0.1:…/graphql`; the same after a restart. */
  readonly url: string;
  readonly wsUrl: string;
  readonly pid: number;
  /** The data folder. */
  readonly dataDir: string;
  /** Where it was started. */
  readonly folder: string;
  /** What it was started with: for other commands on the same data. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What it has printed since it was last started. */
  output(): string;
  /** SIGKILL, or another signal; resolves with the exit code once it is gone. */
  kill(signal?: NodeJS.Signals): Promise<number | null>;
  /** Starts it again on the same port and folder. */
  restart(): Promise<void>;
  /** Loses all logs; the server is down meanwhile. */
  loseLogs(): Promise<void>;
  /** SIGTERM, and removes its data. */
  stop(): Promise<void>;
}

export async function startServer({ yaml, env = {}, onOutput }: ServerOptions = {}): Promise<TestServer> {
  const folder = temporaryFolder();
  const configFile = join(folder.path, 'millrace.yaml');
  if (yaml !== undefined) writeFileSync(configFile, yaml);
  const dataDir = join(folder.path, 'data');
  const ground = await openGround(dataDir);
  const environment = {
    PATH: process.env.PATH,
    LOG_LEVEL: 'warn',
    // No balancer asks.
    MILLRACE_DRAIN_DELAY: '0s',
    MILLRACE_DATA_DIR: dataDir,
    ...(yaml !== undefined && { MILLRACE_CONFIG: configFile }),
    ...ground.env,
    ...env,
  };
  const port = `${await freePort()}`;
  let running = await launch(environment, port, folder.path, onOutput);
  const { origin } = new URL(running.url);

  async function kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    const { child } = running;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exit = once(child, 'exit');
    child.kill(signal);
    const [code] = await exit;
    return code;
  }

  return {
    url: `${origin}/graphql`,
    wsUrl: `${origin.replace('http', 'ws')}/graphql`,
    get pid() {
      return running.child.pid ?? 0;
    },
    dataDir,
    folder: folder.path,
    env: environment,
    output: () => running.output(),
    kill,
    async restart() {
      running = await launch(environment, port, folder.path, onOutput);
    },
    loseLogs: ground.loseLogs,
    async stop() {
      await kill('SIGTERM');
      await ground.remove();
      folder.remove();
    },
  };
}

/** Starts a server that is not to come up; resolves with its exit code and what it printed. */
export async function failToStart(env: Readonly<Record<string, string>>) {
  const folder = temporaryFolder();
  const child = spawn(process.execPath, [bin, 'serve'], {
    cwd: folder.path,
    env: { PATH: process.env.PATH, MILLRACE_DATA_DIR: folder.path, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  folder.remove();
  return { code, output };
}

/** Resolves once the server says where it serves; rejects with what it printed where it ends before. */
async function launch(
  env: Record<string, string | undefined>,
  port: string,
  cwd: string,
  onOutput?: (text: string) => void,
) {
  const child = spawn(process.execPath, [bin, 'serve'], {
    cwd,
    env: { ...env, PORT: port },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const read = (text: string) => {
      output += text;
      onOutput?.(text);
      const [, address] = /serves (http:\S+)\/(?:graphql|ready)/.exec(output) ?? [];
      if (address) resolve(address);
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.once('exit', (code) => reject(new Error(`The server ended with ${code}:\n${output}`)));
  });
  return { child, url, output: () => output };
}
