import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { wordsOf } from './domain/errors.ts';
import type { Outage } from './outage.ts';

/** One Redis, one that Sentinels watch, or a cluster. */
export type RedisClient = Redis | Cluster;

export interface RedisAddress {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly options: Pick<RedisOptions, 'username' | 'password' | 'db' | 'tls'>;
  /** The group that the Sentinels watch. */
  readonly group: string;
}

const schemes = {
  'redis:': { kind: 'single', port: 6379, tls: false },
  'rediss:': { kind: 'single', port: 6379, tls: true },
  'redis-sentinel:': { kind: 'sentinel', port: 26379, tls: false },
  'rediss-sentinel:': { kind: 'sentinel', port: 26379, tls: true },
  'redis-cluster:': { kind: 'cluster', port: 6379, tls: false },
  'rediss-cluster:': { kind: 'cluster', port: 6379, tls: true },
} as const;

/** The schemes that `parseRedisUrl` knows, for messages. */
export const redisSchemes: readonly string[] = Object.keys(schemes).map((scheme) => `${scheme}//`);

/**
 * Reads `redis://user:password@host:port/db`, `redis-sentinel://host:port,host:port/group`, and
 * `redis-cluster://host:port,host:port`; each with `rediss` for TLS. Undefined where it is none of them.
 */
export function parseRedisUrl(text: string): RedisAddress | undefined {
  const match = /^([a-z-]+:)\/\/(?:([^@/]*)@)?([^/]+)(?:\/(.*))?$/.exec(text);
  const [, scheme = '', account = '', list = '', path = ''] = match ?? [];
  const known = Object.entries(schemes).find(([name]) => name === scheme)?.[1];
  if (!known) return undefined;
  const hosts = list.split(',').map((item) => {
    const [, host = '', port] = /^(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d+))?$/.exec(item) ?? [];
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? known.port) };
  });
  if (hosts.some(({ host, port }) => host === '' || port === 0 || port > 65_535)) return undefined;
  if (known.kind === 'single' && (hosts.length > 1 || !/^\d*$/.test(path))) return undefined;
  if (known.kind === 'sentinel' && path === '') return undefined;
  if (known.kind === 'cluster' && path !== '') return undefined;
  const credentials = readAccount(account);
  if (!credentials) return undefined;
  const { username, password } = credentials;
  const options = {
    ...(username && { username }),
    ...(password && { password }),
    ...(known.tls && { tls: {} }),
    ...(known.kind === 'single' && path !== '' && { db: Number(path) }),
  };
  return { kind: known.kind, hosts, options, group: path };
}

/** Whether nothing is wrong with the URL but that it does not say which group the Sentinels watch. */
export const lacksGroup = (text: string): boolean =>
  parseRedisUrl(text) === undefined && parseRedisUrl(`${text.replace(/\/$/, '')}/group`)?.kind === 'sentinel';

/** `user:password`, both percent-encoded; undefined where they are not. */
function readAccount(account: string): { username: string; password: string } | undefined {
  const [, username = '', password = ''] = /^([^:]*):?(.*)$/.exec(account) ?? [];
  try {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    return undefined;
  }
}

/**
 * What a connection is for. `commands`: they fail at once while Redis is away, or after 2 s where it is there and does
 * not answer, so that nothing piles up and nobody waits. `messages`: it subscribes. `jobs`: it waits for jobs in Redis,
 * up to 10 s at a time. These two wait for Redis to come back.
 */
export type RedisUse = 'commands' | 'messages' | 'jobs';

/** So long a Redis may take for a command before it counts as away. */
const silentMs = 2_000;
/** The same where commands wait in Redis: longer than BullMQ lets them. */
const silentAtWaitMs = 12_000;

/**
 * A new connection that comes back by itself whenever Redis does. One that did not answer a command in its time is left
 * and made anew: a host that vanished says nothing. Where no command is under way TCP asks, and gives up after 12 s.
 */
export function connectRedis(address: RedisAddress, use: RedisUse): RedisClient {
  const { kind, hosts, group } = address;
  const options = redisOptions(address, use);
  if (kind === 'sentinel') return new Redis({ ...options, sentinels: [...hosts], name: group });
  if (kind === 'single') return new Redis({ ...options, ...hosts[0] });
  return new Cluster([...hosts], {
    redisOptions: options,
    enableOfflineQueue: use !== 'commands',
    clusterRetryStrategy: (times) => Math.min(50 * times, 1_000),
    shardedSubscribers: true,
  });
}

/** How every connection to a Redis, and to the Sentinels that name it, behaves. */
export function redisOptions({ kind, options }: RedisAddress, use: RedisUse): RedisOptions {
  const patient = use !== 'commands';
  const { tls } = options;
  return {
    ...options,
    enableOfflineQueue: patient,
    maxRetriesPerRequest: patient ? null : 0,
    connectTimeout: silentMs,
    socketTimeout: use === 'jobs' ? silentAtWaitMs : silentMs,
    ...(!patient && { commandTimeout: silentMs }),
    // The bus does that itself: a SUBSCRIBE of the client's that is refused would end the process.
    autoResubscribe: use !== 'messages' || kind === 'cluster',
    // Then ten times, a second apart.
    keepAlive: silentMs,
    retryStrategy: (times) => Math.min(50 * times, 1_000),
    ...(kind === 'sentinel' && { sentinelCommandTimeout: silentMs }),
    ...(kind === 'sentinel' && tls && { enableTLSForSentinelMode: true, sentinelTLS: tls }),
  };
}

/** What a Redis says, or a Sentinel, that is there and can't be used: no waiting mends that. And what does. */
const refusals: readonly (readonly [RegExp, string])[] = [
  [/cluster support disabled/, 'REDIS_URL says redis-cluster:// of a Redis that is no cluster. Set redis://'],
  [/unknown command.*sentinel/i, 'REDIS_URL says redis-sentinel:// of a Redis that is no Sentinel. Set redis://'],
  [
    /NOAUTH|WRONGPASS|NOPERM|invalid password|DB index is out of range/,
    'Redis lets nobody in by REDIS_URL. Set its user, password and database right',
  ],
];

/**
 * Resolves once the client can be used, or after `ms`, whichever is first.
 * @throws Error where Redis is there and refuses the user, the password or the number of the database, or is not of the
 * kind that the URL says.
 */
export async function whenReady(client: RedisClient, ms: number): Promise<void> {
  if (client.status === 'ready') return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onError = (error: Error) => {
    const cause = reasonOf(error);
    const [, mend] = refusals.find(([said]) => said.test(cause.message)) ?? [];
    if (mend !== undefined) reject(new Error(mend, { cause }));
  };
  const timer = setTimeout(resolve, ms);
  client.once('ready', resolve).on('error', onError);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    client.off('ready', resolve).off('error', onError);
  }
}

/** Of a cluster's nodes it is the last one that says why. */
const reasonOf = (error: Error & { lastNodeError?: Error }): Error => error.lastNodeError ?? error;

/**
 * Has one outage told of all connections that it is given: it begins when the first fails, and ends when none does any
 * more. `onError` is told of what goes wrong with one that is there.
 */
export function watchRedis(outage: Outage, onError: (error: unknown) => void): (client: RedisClient) => void {
  const away = new Set<RedisClient>();
  return (client) => {
    const back = () => {
      if (away.delete(client) && away.size === 0) outage.ended();
    };
    client.on('ready', back).on('end', back);
    client.on('error', (error: Error) => {
      // What Redis has sent unasked, or a client's own trouble: the connection stays.
      if (client.status === 'ready' && !isUnreachable(error)) return onError(error);
      away.add(client);
      outage.began(`Redis can't be reached: ${wordsOf(reasonOf(error))}`);
    });
  };
}

/** Whether a client says of a command that Redis could not be reached for it, rather than what Redis answered. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error) || error.name === 'ReplyError') return false;
  if ('code' in error && /^(ECONN|ETIMEDOUT|EHOST|ENET|EPIPE|ENOTFOUND|EAI_)/.test(String(error.code))) return true;
  return unreached.test(`${error.name}: ${error.message}`);
}

/** ioredis gives these no code. */
const unreached =
  /MaxRetriesPerRequestError|ClusterAllFailedError|Connection is closed|isn't (writeable|ready)|timed out|Socket timeout|All sentinels are unreachable|None of startup nodes|: Redis (can't be reached|is away)/;
