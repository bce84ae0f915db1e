import type { Logger } from 'pino';
import type { ApiKeys, Authenticator } from './auth/auth.ts';
import { createApiKeys } from './auth/keys.ts';
import { RedisSlots } from './backends/redis-slots.ts';
import { nameOfSlots, ownSlots, type Slots } from './backends/slots.ts';
import type { Bus } from './bus/bus.ts';
import { memoryBus } from './bus/memory.ts';
import { redisBus } from './bus/redis.ts';
import { openAuthenticator, slowed } from './compose/ways-in.ts';
import { createWorker } from './compose/worker.ts';
import type { Config, DistributedConfig } from './config.ts';
import { innermost, isUnavailable, MillraceError, wordsOf } from './domain/errors.ts';
import { createConversations } from './generation/conversations.ts';
import { createGenerations } from './generation/generations.ts';
import { createModels } from './generation/models.ts';
import { createQuotas } from './generation/quota.ts';
import { createSharing } from './generation/sharing.ts';
import { createPipeline, type Pipeline } from './graphql/graphql.ts';
import { OperationRates } from './graphql/rates.ts';
import { SocketPlaces } from './graphql/socket-places.ts';
import type { Limits } from './limits/limits.ts';
import { memoryLimits } from './limits/memory.ts';
import { redisLimits } from './limits/redis.ts';
import type { Log } from './log/log.ts';
import { RedisLog } from './log/redis.ts';
import { SqliteLog } from './log/sqlite.ts';
import { Tails } from './log/tails.ts';
import { logOutage } from './outage.ts';
import { bullmqQueue } from './queue/bullmq.ts';
import { memoryQueue } from './queue/memory.ts';
import type { Queue } from './queue/queue.ts';
import { probeRedis } from './redis-client/probe.ts';
import {
  connectRedis,
  isUnreachable,
  type RedisAddress,
  type RedisUse,
  watchRedis,
  whenReady,
} from './redis-client.ts';
import type { Readiness } from './server/health.ts';
import { type OriginRules, originRules } from './server/origin.ts';
import { claimDataDir, makeDataDir } from './store/data-dir.ts';
import { openPostgresStore } from './store/postgres.ts';
import { isAway } from './store/postgres-pool.ts';
import { openSqliteStore } from './store/sqlite.ts';
import type { Store } from './store/store.ts';
import { version } from './version.ts';

/** What the two modes differ in, and nothing else does. */
interface Parts {
  readonly store: Store;
  readonly bus: Bus;
  readonly log: Log;
  readonly queue: Queue;
  readonly slots: Slots;
  readonly clientLimits: Limits;
  /** Lets go of all of them. */
  close(): Promise<void>;
}

/** The parts of the mode that the configuration asks for. */
export function openParts(config: Config, logger: Logger): Promise<Parts> {
  return config.distributed ? distributed(config, config.distributed, logger) : embedded(config);
}

/** What is tried again by itself. What comes of an outage is told by the connections, once. */
const warning = (logger: Logger) => (error: unknown) =>
  logger[isOfOutage(error) ? 'debug' : 'warn']({ err: error }, 'failed for now');

/** Whether it says that Redis or Postgres could not be reached: the parts say that in errors of their own, with causes. */
function isOfOutage(error: unknown): boolean {
  const cause = innermost(error);
  return (error === cause || isUnavailable(error)) && (isUnreachable(cause) || isAway(cause));
}

/** Everything in one process, on files in the data folder. */
export async function embedded({ dataDir }: Config): Promise<Parts> {
  const folder = claimDataDir(dataDir);
  const store = await openSqliteStore(folder.file('store.db'));
  const bus = memoryBus();
  const log = new SqliteLog({ path: folder.file('log.db'), bus });
  const queue = memoryQueue();
  const slots = ownSlots;
  const clientLimits = memoryLimits();
  return {
    ...{ store, bus, log, queue, slots, clientLimits },
    async close() {
      log.close();
      await store.close();
      await bus.close();
      folder.release();
    },
  };
}

/**
 * Any number of processes, on one Postgres and one Redis. Both may be away for a while, at the start too: then it waits
 * for Postgres, and goes on without Redis.
 */
async function distributed(
  { models, role }: Config,
  { redis, databaseUrl, databasePoolSize }: DistributedConfig,
  logger: Logger,
): Promise<Parts> {
  const onError = warning(logger);
  const onLost = (generationId: string) =>
    logger.warn({ generationId }, 'lock lost: any worker may go on with it, this one too, if it has not ended');
  const watch = watchRedis(logOutage('Redis', logger), onError);
  const connect = (use: RedisUse) => {
    const client = connectRedis(redis, use);
    watch(client);
    return client;
  };
  const sharded = redis.kind === 'cluster';
  const { commands, messages } = await openRedis(redis, logger);
  for (const client of [commands, messages]) watch(client);
  const outage = logOutage('Postgres', logger);
  const postgres = { url: databaseUrl, poolSize: databasePoolSize, onError, outage };
  const store = await openPostgresStore(postgres).catch((error) => {
    for (const client of [commands, messages]) client.disconnect();
    throw error;
  });
  const bus = redisBus({ publisher: commands, subscriber: messages, sharded, onError });
  const log = new RedisLog({ redis: commands, sharded });
  const queue = bullmqQueue({ redis: commands, connect: () => connect('jobs'), onError, onLost });
  const backends = models.flatMap(({ id, backends }) => backends.map(({ name }) => nameOfSlots(id, name)));
  const slots = role === 'api' ? undefined : new RedisSlots({ redis: commands, backends, onError });
  const clientLimits = redisLimits({ redis: commands, onError });
  return {
    ...{ store, bus, log, queue, slots: slots ?? ownSlots, clientLimits },
    async close() {
      clientLimits.close();
      slots?.close();
      await queue.close();
      await bus.close();
      await store.close();
      commands.disconnect();
    },
  };
}

/**
 * The verbs of API keys alone, for the command line. Of the data folder nothing is claimed but the records' file, which
 * SQLite lets several processes read and write: a server may be running on it.
 */
export async function openApiKeys({
  dataDir,
  distributed,
}: Config): Promise<{ keys: ApiKeys; close(): Promise<void> }> {
  const outage = { began() {}, ended() {} };
  const store = distributed
    ? await openPostgresStore({ url: distributed.databaseUrl, poolSize: 2, onError: () => {}, outage, wait: false })
    : await openSqliteStore(makeDataDir(dataDir)('store.db'));
  return { keys: createApiKeys(store), close: () => store.close() };
}

/** A start goes on without Redis after this long: what needs it waits for it, or says that it is away. */
const redisWaitMs = 2_000;
/** The connections that all parts use. @throws Error where Redis is there and can't be used by REDIS_URL */
async function openRedis(redis: RedisAddress, logger: Logger) {
  // What ends the start is said by that; whatever lasts is told when they are watched.
  const connect = (use: RedisUse) => connectRedis(redis, use).on('error', () => {});
  const [commands, messages] = [connect('commands'), connect('messages')];
  try {
    await Promise.all([commands, messages].map((client) => whenReady(client, redisWaitMs)));
    const policy = await probeRedis(commands, messages, warning(logger));
    if (policy !== undefined && policy !== 'noeviction')
      logger.warn(`Redis may drop what it was told: its maxmemory-policy is ${policy}. Set it to noeviction`);
  } catch (error) {
    commands.disconnect();
    messages.disconnect();
    throw error;
  }
  return { commands, messages };
}

export interface App {
  readonly pipeline: Pipeline;
  readonly readiness: Readiness;
  readonly origins: OriginRules;
  /** Takes up what was left unfinished, and what comes; nothing where the role has no part in it. */
  work(): Promise<void>;
  /** Takes no new job from here on, and lets go of what runs, for another worker or the next start to go on with. */
  handOver(): Promise<void>;
  /** From here on who leaves cancels nothing: it is the server that closes the connections. */
  leave(): void;
  close(): Promise<void>;
}

/** Wires the parts together; the same in both modes. `people`, where given, decides who comes in without a link. */
export async function compose(config: Config, parts: Parts, logger: Logger, people?: Authenticator): Promise<App> {
  let closed = false;
  const warn = (error: unknown) => closed || warning(logger)(error);
  // Once all is closed, whatever waited for a part fails of that.
  const onError = (error: unknown, generationId?: string) => {
    // What fails of an outage is tried again, and the outage has been told.
    if (closed || isOfOutage(error)) logger.debug({ err: error, generationId }, 'failed for now');
    else if (!isUnavailable(error)) logger.error({ err: error, generationId }, 'failed');
    else logger.warn({ generationId, reason: wordsOf(innermost(error)) }, 'failed for now');
  };
  const { store, bus, log } = parts;
  // First of all, since it asks the records: what comes later has something to close.
  const others = await openAuthenticator(config, { store, onError: warn }, people);

  const tails = new Tails({ log, bus, onError: warn });
  const known = new Set(config.models.map(({ id }) => id));
  const models = createModels({ models: config.models, bus, onError: warn });
  const { batchIntervalMs, logRetentionMs, defaultModel, limits } = config;
  const deps = { ...parts, tails, known, defaultModel, limits, batchIntervalMs, logRetentionMs, onError };
  const generations = createGenerations(deps);
  const conversations = createConversations(deps);
  const quotas = createQuotas(deps);
  const sharing = createSharing(deps);
  const rates = new OperationRates(parts.clientLimits, limits.operationsPerSecond);
  const sockets = new SocketPlaces(parts.clientLimits, limits.sockets);
  const service = { version, startedAt: Date.now() };
  const keys = createApiKeys(store);
  const services = { generations, conversations, sharing, quotas, keys, store, models, rates, service };
  const origins = originRules({ origins: config.server.origins, loopbackOnly: config.auth.mode.includes('none') });
  const { introspection, graphiql, trustedDocuments } = config.server;
  const auth = slowed(others, config, parts.clientLimits);
  const worker =
    config.role === 'api' ? undefined : createWorker(config, { ...deps, heardAt: models.heardAt }, logger, warn);

  const backend = async () => {
    // What this process has found itself need not come back to it by the bus.
    if (!worker?.hasBackend() && models.all().every(({ status }) => status === 'OFFLINE'))
      throw new MillraceError('UNAVAILABLE', 'no backend is up');
  };
  return {
    pipeline: createPipeline({
      ...{ services, auth, sockets, logger, allowsOrigin: origins.allowsOrigin, limits: limits.operation },
      bodyBytes: limits.bodyBytes,
      ...{ introspection, graphiql, trustedDocuments },
    }),
    origins,
    readiness: {
      store: () => store.check(),
      bus: () => bus.check(),
      // An API node serves without: what is up already can be read, and what is asked waits.
      ...(worker && { backend }),
    },
    work: async () => worker?.start(),
    handOver: async () => worker?.stop(),
    leave: () => generations.close(),
    async close() {
      closed = true;
      auth.close();
      models.close();
      tails.close();
      await parts.close();
    },
  };
}
