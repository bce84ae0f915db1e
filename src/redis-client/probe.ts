import { innermost } from '../domain/errors.ts';
import type { RedisClient } from '../redis-client.ts';

/** Some of each kind of commands that the logs, the queue and the places at backends use. KEYS: a log's, or the queue's. */
const script = `
redis.call('HSET', KEYS[1], 'offset', 0)
redis.call('HMGET', KEYS[1], 'offset')
redis.call('PEXPIRE', KEYS[1], 1000)
redis.call('UNLINK', KEYS[1])
redis.call('XADD', KEYS[1], '1-1', 'e', '')
redis.call('XRANGE', KEYS[1], '-', '+')
redis.call('DEL', KEYS[1])
redis.call('ZADD', KEYS[1], 0, '')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', 0)
redis.call('RPUSH', KEYS[1], '')
redis.call('RPOPLPUSH', KEYS[1], KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('TIME')
`;
const keys = ['millrace:{probe}', '{millrace:queue}:probe'];

const refusals: readonly (readonly [RegExp, string])[] = [
  [/^MOVED /, 'REDIS_URL says redis:// of a Redis that is part of a cluster. Set redis-cluster://'],
  [
    /unknown command/,
    'REDIS_URL leads to what is no Redis that stores data, but perhaps a Sentinel. Set redis-sentinel://',
  ],
  [
    /NOPERM|The user executing the script|can't run this command/,
    'Redis refuses the user of REDIS_URL what Millrace needs. ' +
      'Give it ~millrace:* ~{millrace:queue}:* &* +@all -@admin -@dangerous +info (ACL SETUSER)',
  ],
];

/**
 * Does with a Redis what Millrace will do. Resolves with its `maxmemory-policy`, or undefined where it can't say that
 * now; `onError` is told why, unless it was away already.
 * @throws Error where Redis refuses it, with what to set
 */
export async function probeRedis(
  commands: RedisClient,
  messages: RedisClient,
  onError: (error: unknown) => void,
): Promise<string | undefined> {
  if (commands.status !== 'ready') return undefined;
  try {
    for (const key of keys) await commands.eval(script, 1, key);
    await commands.publish('millrace:probe', '');
    await commands.bzpopmin(keys[1] ?? '', 0.01);
    if (messages.status === 'ready' && !messages.isCluster) {
      await messages.subscribe('millrace:probe');
      await messages.unsubscribe('millrace:probe');
    }
    return /^maxmemory_policy:(\S+)/m.exec(await commands.info('memory'))?.[1];
  } catch (error) {
    const cause = innermost(error) as Error;
    const [, mend] = refusals.find(([said]) => said.test(cause.message)) ?? [];
    if (mend !== undefined) throw new Error(mend, { cause });
    onError(error);
    return undefined;
  }
}
