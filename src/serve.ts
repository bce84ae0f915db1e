import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, pino } from 'pino';
import { type App, compose, openParts } from './compose.ts';
import type { Config } from './config.ts';
import { innermost, wordsOf } from './domain/errors.ts';
import { createHttpServer, type HttpServer } from './server/server.ts';
import { StartError } from './start-error.ts';
import { version } from './version.ts';

/** Streams have this long to be told that the server stops; a stop takes at most 10 s, not counting the drain delay. */
const closeMs = 2_000;
const stopMs = 10_000;
/** Where other nodes take them, many clients are told to go over this long, so that they do not all come at once. */
const longestSpreadMs = 3_000;

export interface RunningServer {
  readonly url: string;
  /** Hands over what runs, tells streams to come back, and lets go of everything. */
  stop(): Promise<void>;
}

/** Starts the server; resolves once it answers. @throws StartError where its parts or the address can't be had. */
async function start(config: Config, logger: Logger): Promise<RunningServer> {
  const fail = (cause: unknown) => {
    throw new StartError(explained(cause, config), { cause });
  };
  const parts = await openParts(config, logger).catch(fail);
  const app = await compose(config, parts, logger).catch(async (cause) => {
    await parts.close();
    return fail(cause);
  });
  const { pipeline, readiness, origins } = app;
  const { role, distributed } = config;
  // Nobody is led to a worker.
  const drainDelayMs = role === 'worker' ? 0 : config.drainDelayMs;
  const spreadMs = distributed ? longestSpreadMs : 0;
  const http = createHttpServer({
    pipeline: role === 'worker' ? undefined : pipeline,
    readiness,
    logger,
    origins,
    trustedProxies: config.server.trustedProxies,
    limits: config.limits,
    spreadMs,
  });
  const url = await listen(http, app, config);
  await app.work();
  return {
    url,
    async stop() {
      http.drain();
      await Promise.all([app.handOver(), sleep(drainDelayMs)]);
      app.leave();
      await http.close(closeMs);
      await app.close();
    },
  };
}

async function listen(http: HttpServer, app: App, { host, port }: Config): Promise<string> {
  try {
    return await http.listen(port, host);
  } catch (cause) {
    await app.close();
    const inUse = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const message = inUse
      ? `Port ${port} on ${host} is in use. Stop what uses it, or set PORT to another one.`
      : `Can't listen on port ${port} of ${host}: ${wordsOf(cause)}`;
    throw new StartError(message, { cause });
  }
}

/** What is wrong with the parts, and which they are. */
function explained(cause: unknown, { distributed, dataDir }: Config): string {
  if (wordsOf(cause).startsWith(dataDir)) return wordsOf(cause);
  const reason = innermost(cause);
  const said = reason === cause ? wordsOf(cause) : `${wordsOf(cause)}: ${wordsOf(reason)}`;
  return `Can't use ${distributed ? 'what the nodes share' : `the data folder ${dataDir}`}: ${said}`;
}

/** Serves until SIGTERM or SIGINT. @throws StartError where the data folder or the address can't be had. */
export async function serve(config: Config): Promise<void> {
  const logger = pino({ level: config.logLevel, serializers: { err: describeError } });
  // From the beginning: a start may wait for long, and who reads that it runs may stop it at once.
  const asked = nextSignal();
  const server = await Promise.race([start(config, logger), asked]);
  if (typeof server === 'string') {
    logger.info({ signal: server }, 'stopped before it was up');
    process.exit(0);
  }
  logger.info({ url: server.url, role: config.role, distributed: config.distributed !== null }, 'ready');
  process.stdout.write(greeting(server.url, config));
  const signal = await asked;
  logger.info({ signal }, 'stopping');
  // A second signal, or a stop that hangs, ends the process as a crash would: everything acknowledged is on disk.
  const deadline = setTimeout(() => process.exit(1), stopMs + config.drainDelayMs).unref();
  void nextSignal().then(() => process.exit(1));
  await server.stop();
  clearTimeout(deadline);
  logger.info('stopped');
}

/**
 * An error as the log may have it: what it is and where it comes from. What else the clients of Redis and Postgres hang on
 * theirs is left out: commands with what they carried, passwords or what a model wrote, and connections.
 */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack } = pino.stdSerializers.err(error);
  return { type, message, stack, ...('code' in error && { code: error.code }) };
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
}

/** As it is said in the folder in which the server was started. */
function firstKeyCommand(dataDir: string): string {
  const elsewhere = dataDir === resolve('.millrace') ? '' : ` --data-dir '${dataDir}'`;
  return `npx millrace key create --name me --role ADMIN${elsewhere}`;
}

/** What a person reads who has just started the server. */
function greeting(url: string, { distributed, role, dataDir, auth, server }: Config): string {
  if (role === 'worker') return `\nMillrace ${version} runs generations, and serves ${url}/ready\n\n`;
  const place = distributed ? 'one node of many' : `and keeps its data in ${dataDir}`;
  const query = 'mutation { generate(input: { prompt: \\"Call me\\" }) { generation { id status } } }';
  const token = auth.mode.includes('none') ? '' : ` -H 'authorization: Bearer <token>'`;
  const browser = server.graphiql ? `  In a browser:  ${url}/graphql\n` : '';
  const firstKey = auth.mode.includes('apiKey') ? `  A first key:   ${firstKeyCommand(dataDir)}\n` : '';
  return `
Millrace ${version} serves ${url}/graphql, ${place}

${firstKey}${browser}  In a shell:    curl ${url}/graphql${token} -H 'content-type: application/json' -d '{"query":"${query}"}'

`;
}
