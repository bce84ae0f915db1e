import type { Cluster, Redis } from 'ioredis';
import type { EndedEntry, Entry } from '../domain/entry.ts';
import { MillraceError } from '../domain/errors.ts';
import {
  AppendRefused,
  type Head,
  type Log,
  logTopic,
  newEpoch,
  type Place,
  type ReadSlice,
  type RefusalReason,
} from './log.ts';
import { appendScript, readScript } from './redis-scripts.ts';

/** About how much one `read` gives of one log where nobody says. */
const sliceBytes = 4 << 20;

interface Commands {
  millraceAppend(...args: (string | number)[]): Promise<string>;
  millraceRead(...args: (string | number)[]): Promise<[epoch: string, entries: string[], more: number] | null>;
}

type Client = (Redis | Cluster) & Commands;

export interface RedisLogOptions {
  readonly redis: Redis | Cluster;
  /** Sharded Pub/Sub: the log publishes to its own slot. */
  readonly sharded?: boolean;
}

/**
 * Logs in Redis: of each, a stream whose ids are the offsets, and its head in a hash. An append is one script: check the
 * fence, add, publish. Both keys carry the generation's id as their hash tag, so that a cluster keeps them together.
 */
export class RedisLog implements Log {
  readonly #redis: Client;
  readonly #publish: string;

  constructor({ redis, sharded = false }: RedisLogOptions) {
    redis.defineCommand('millraceAppend', { numberOfKeys: 2, lua: appendScript });
    redis.defineCommand('millraceRead', { numberOfKeys: 2, lua: readScript, readOnly: true });
    this.#redis = redis as Client;
    this.#publish = sharded ? 'SPUBLISH' : 'PUBLISH';
  }

  async append(id: string, after: Place | null, entries: readonly Entry[], next = newEpoch()): Promise<void> {
    const { epoch, offset, attempt } = after ?? { epoch: '', offset: '', attempt: '' };
    const place = [headKey(id), streamKey(id), this.#publish, logTopic(id), epoch, offset, attempt];
    const appended = this.#redis.millraceAppend(...place, next, ...entries.flatMap(fields));
    const answer = await appended.catch(explain);
    if (answer !== 'ok') throw new AppendRefused(id, answer as RefusalReason);
  }

  async heads(ids: readonly string[]): Promise<Map<string, Head>> {
    const rows = await Promise.all(ids.map((id) => this.#redis.hgetall(headKey(id)))).catch(explain);
    const heads = new Map<string, Head>();
    for (const [index, id] of ids.entries()) {
      const row = rows[index];
      if (row?.epoch !== undefined) heads.set(id, toHead(row));
    }
    return heads;
  }

  async read(after: ReadonlyMap<string, number>, bytes = sliceBytes): Promise<Map<string, ReadSlice>> {
    const slices = new Map<string, ReadSlice>();
    await Promise.all(
      [...after].map(async ([id, offset]) => {
        const found = await this.#redis.millraceRead(headKey(id), streamKey(id), offset, bytes).catch(explain);
        if (!found) return;
        const [epoch, lines, more] = found;
        const entries = lines.map((line) => JSON.parse(line) as Entry);
        slices.set(id, { epoch, after: offset, entries, more: more === 1 });
      }),
    );
    return slices;
  }

  async retire(id: string, afterMs: number): Promise<void> {
    const keys = [headKey(id), streamKey(id)];
    if (afterMs === 0) await this.#redis.unlink(...keys).catch(explain);
    else await Promise.all(keys.map((key) => this.#redis.pexpire(key, afterMs))).catch(explain);
  }
}

/** Whatever is not Redis' own answer to a command, or is one that says that it can't answer now, means that it is away. */
function explain(error: unknown): never {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (
    name === 'ReplyError' &&
    !/^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY|OOM|MISCONF|NOREPLICAS|BUSY|NOAUTH|WRONGPASS)/.test(message)
  )
    throw error;
  const text = 'What generations write can not be read or written now. Try again in a moment.';
  throw new MillraceError('UNAVAILABLE', text, { cause: error });
}

const headKey = (id: string) => `millrace:{${id}}:head`;
const streamKey = (id: string) => `millrace:{${id}}:log`;

/** What the script must know of an entry: itself as JSON, and what it does to the head. */
function fields(entry: Entry): (string | number)[] {
  const attempt = entry.type === 'attemptStarted' ? entry.attempt : '';
  return [JSON.stringify(entry), entry.type, entry.at, attempt];
}

const toHead = ({ epoch = '', offset, attempt, startedAt, firstTokenAt, ended }: Record<string, string>): Head => ({
  epoch,
  offset: Number(offset),
  attempt: Number(attempt),
  startedAt: startedAt === undefined ? null : Number(startedAt),
  firstTokenAt: firstTokenAt === undefined ? null : Number(firstTokenAt),
  ended: ended === undefined ? null : (JSON.parse(ended) as EndedEntry),
});
