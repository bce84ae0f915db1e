/**
 * The shape of docker-compose.yml as processes on this machine: two API nodes, two workers, a Redis and a Postgres of
 * their own. Data stays in .millrace/cluster. Ctrl-C stops all; one that dies is reported, and not started again.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Launched, launch } from './services/launch.ts';
import { freePort } from './services/ports.ts';
import { launchPostgres, postgresUrl } from './services/postgres.ts';
import { launchRedis } from './services/redis.ts';
import { find, instructions, isThere, postgres, redis } from './services/tools.ts';

const bin = fileURLToPath(new URL('../bin/millrace.js', import.meta.url));
const folder = resolve('.millrace/cluster');
const pidFile = join(folder, 'pids');

const running: { readonly name: string; readonly signal: NodeJS.Signals; readonly process: Launched }[] = [];
const stopping = new AbortController();

async function start(): Promise<void> {
  const [redisPort, postgresPort] = [await freePort(), await freePort()];
  const redisFolder = makeFolder('redis');
  const postgresFolder = makeFolder('postgres');
  await add('redis', 'SIGTERM', (common) => launchRedis({ folder: redisFolder, port: redisPort, ...common }));
  await add('postgres', 'SIGINT', (common) =>
    launchPostgres({ folder: postgresFolder, port: postgresPort, ...common }),
  );
  const shared = { REDIS_URL: `redis://127.0.0.1:${redisPort}`, DATABASE_URL: postgresUrl(postgresPort) };
  const node = (name: string, role: string, port: number) =>
    add(name, 'SIGTERM', (common) => {
      // No balancer asks, unless somebody puts one there.
      const env = {
        MILLRACE_DRAIN_DELAY: '0s',
        ...process.env,
        ...shared,
        HOST: '127.0.0.1',
        PORT: `${port}`,
        MILLRACE_ROLE: role,
      };
      return launch(process.execPath, [bin, 'serve'], { ...common, env, ready: /^Millrace .* http:/m });
    });
  // The ports of docker-compose.yml, where they are free: the nodes keep their URLs from run to run.
  const [first, second] = [await freePort(4001), await freePort(4002)];
  const [third, fourth] = [await freePort(4003), await freePort(4004)];
  const started = await Promise.allSettled([
    ...[node('worker-1', 'worker', third), node('worker-2', 'worker', fourth)],
    ...[node('api-1', 'api', first), node('api-2', 'api', second)],
  ]);
  for (const result of started) if (result.status === 'rejected') throw result.reason;
  console.log(`
Two API nodes serve the same generations:
  http://127.0.0.1:${first}/graphql
  http://127.0.0.1:${second}/graphql
Two workers run them, and say how they do:
  http://127.0.0.1:${third}/ready
  http://127.0.0.1:${fourth}/ready

  data and logs in ${folder}; Redis at port ${redisPort}, Postgres at port ${postgresPort}
  ${running.map(({ name, process: { pid } }) => `${name} ${pid}`).join(', ')}

Try: start a generation, follow it on both nodes, and kill -9 a worker or a node.
Ctrl-C stops all of them; where this runs in the background: kill ${process.pid}
`);
}

async function add(
  name: string,
  signal: NodeJS.Signals,
  launchIt: (common: { logFile: string; detached: true; signal: AbortSignal }) => Promise<Launched>,
): Promise<void> {
  const logFile = join(folder, `${name}.log`);
  const { signal: stopped } = stopping;
  stopped.throwIfAborted();
  const process = await launchIt({ logFile, detached: true, signal: stopped });
  running.push({ name, signal, process });
  writeFileSync(pidFile, running.map(({ name, process: { pid } }) => `${pid} ${name}\n`).join(''));
  void process.ended.then((how) => {
    if (!stopped.aborted)
      console.error(`${name} (${process.pid}) has died: ${how}. It is not started again. See ${logFile}`);
  });
}

async function stop(): Promise<void> {
  const apis = running.filter(({ name }) => name.startsWith('api'));
  const workers = running.filter(({ name }) => name.startsWith('worker'));
  const services = running.filter((one) => !apis.includes(one) && !workers.includes(one)).reverse();
  for (const some of [apis, workers, ...services.map((one) => [one])]) {
    await Promise.all(some.map(({ signal, process }) => process.end(signal)));
    if (some.length > 0) console.log(`  stopped: ${some.map(({ name }) => name).join(', ')}`);
  }
  rmSync(pidFile, { force: true });
}

function makeFolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** Two Redis servers on one append-only file would spoil it: nothing else keeps them apart. */
function refuseTwice(): void {
  let text = '';
  try {
    text = readFileSync(pidFile, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const alive = [...text.matchAll(/^(\d+) (.*)$/gm)].filter(([, pid = '']) =>
    /millrace|redis|postgres/.test(commandOf(pid)),
  );
  if (alive.length === 0) return;
  const pids = alive.map(([, pid]) => pid).join(' ');
  fail(`A cluster runs on ${folder} already. Stop it by Ctrl-C; if it was killed, what is left of it by: kill ${pids}`);
}

/** Empty where there is no such process: the number may also be another program's by now. */
function commandOf(pid: string): string {
  try {
    return execFileSync('ps', ['-o', 'args=', '-p', pid], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

/** Also when the terminal is closed. Further signals change nothing: everything that is stopped ends by itself in time. */
function nextSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done());
  });
}

const missing = [redis, postgres].filter((tool) => !isThere(tool, process.env));
if (missing.length > 0) fail(instructions('The cluster needs', missing, find(['apt-get'], process.env) !== undefined));
mkdirSync(folder, { recursive: true });
refuseTwice();
const asked = nextSignal();
void asked.then(() => stopping.abort());
try {
  await start();
  await asked;
} catch (error) {
  if (!stopping.signal.aborted) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
    stopping.abort();
  }
}
console.log('\nStopping, the API nodes first …');
await stop();
