import { randomBytes } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type { EndedEntry, Entry } from '../domain/entry.ts';
import { MillraceError } from '../domain/errors.ts';
import { AppendRefused, type Head, type Log, logTopic, type Place, type ReadSlice, type RefusalReason } from './log.ts';
import { appendScript, readScript } from './redis-scripts.ts';

/** About how much one `read` gives of one log. */
const sliceBytes = 1 << 20;

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

  async append(id: string, attempt: number, entries: readonly Entry[], after?: Place): Promise<void> {
    const [first] = entries;
    const begins = first?.type === 'attemptStarted' ? first.attempt : 0;
    const creates = first?.type === 'queued' ? randomBytes(6).toString('base64url') : '';
    const place = [headKey(id), streamKey(id), this.#publish, logTopic(id), after?.epoch ?? '', after?.offset ?? 0];
    const answer = await this.#ask((redis) =>
      redis.millraceAppend(...place, creates, attempt, begins, ...entries.flatMap(fields)),
    );
    if (answer !== 'ok') throw new AppendRefused(id, answer as RefusalReason);
  }

  async heads(ids: readonly string[]): Promise<Map<string, Head>> {
    const rows = await this.#ask((redis) => Promise.all(ids.map((id) => redis.hgetall(headKey(id)))));
    const heads = new Map<string, Head>();
    for (const [index, id] of ids.entries()) {
      const row = rows[index];
      if (row?.epoch !== undefined) heads.set(id, toHead(row));
    }
    return heads;
  }

  async read(after: ReadonlyMap<string, number>): Promise<Map<string, ReadSlice>> {
    const slices = new Map<string, ReadSlice>();
    await Promise.all(
      [...after].map(async ([id, offset]) => {
        const found = await this.#ask((redis) => redis.millraceRead(headKey(id), streamKey(id), offset, sliceBytes));
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
    await this.#ask<unknown>((redis) => {
      return afterMs === 0 ? redis.unlink(...keys) : Promise.all(keys.map((key) => redis.pexpire(key, afterMs)));
    });
  }

  async #ask<T>(question: (redis: Client) => Promise<T>): Promise<T> {
    try {
      return await question(this.#redis);
    } catch (cause) {
      if (!isAway(cause)) throw cause;
      throw new MillraceError('UNAVAILABLE', 'The logs can not be read or written now. Try again in a moment.', {
        cause,
      });
    }
  }
}

/** Whether an error says that Redis is away or not yet itself, and not that a command was wrong. */
function isAway(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) return false;
  return (
    error.name !== 'ReplyError' || /^(LOADING|CLUSTERDOWN|MASTERDOWN|READONLY|TRYAGAIN|UNBLOCKED)/.test(error.message)
  );
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
