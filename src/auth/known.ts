import { type MillraceError, unauthenticated } from '../domain/errors.ts';
import { hashToken } from '../domain/secret.ts';
import type { Session } from './auth.ts';

/** A kept credential. Times are ms since 1970; null where it does not expire, or was not revoked. */
export interface Credential {
  readonly id: string;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

interface KnownOptions<Row extends Credential> {
  /** The record whose token has this hash. */
  readonly byHash: (hash: string) => Promise<Row | undefined>;
  /** Several records in one statement. */
  readonly byIds: (ids: readonly string[]) => Promise<Row[]>;
  readonly sessionOf: (row: Row) => Session;
  /** Told of records that could not be read: they are asked for again. */
  readonly onError: (error: unknown) => void;
  readonly pollMs?: number;
  readonly now?: () => number;
}

interface Known {
  readonly id: string;
  session: Session;
  /** When the records last said that it is good, and when it was last shown. */
  goodAt: number;
  shownAt: number;
}

/** All that are known are asked for again this often, in one statement: so long does a revoked one live on at most. */
const defaultPollMs = 2_000;
/** One that has not been shown for so long, and that nobody watches, is forgotten. */
const forgetMs = 60_000;

/**
 * Credentials that are kept as records, by their tokens. What was found is remembered, so that who comes again costs
 * nothing, and asked for again while it is: the answer is never older than two polls, on any node.
 */
export class KnownCredentials<Row extends Credential> {
  readonly #options: KnownOptions<Row>;
  readonly #pollMs: number;
  readonly #now: () => number;
  readonly #byToken = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<Session>>();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #timer: NodeJS.Timeout;
  #polling = false;

  constructor(options: KnownOptions<Row>) {
    this.#options = options;
    this.#pollMs = options.pollMs ?? defaultPollMs;
    this.#now = options.now ?? Date.now;
    this.#timer = setInterval(() => void this.#poll(), this.#pollMs).unref();
  }

  /** Who shows this token. @throws MillraceError `UNAUTHENTICATED`; `UNAVAILABLE` where the records are away */
  async session(token: string): Promise<Session> {
    const now = this.#now();
    const known = this.#byToken.get(token);
    if (known && now - known.goodAt < 2 * this.#pollMs) {
      if (hasPassed(known.session.expiresAt, now)) throw refused();
      known.shownAt = now;
      return known.session;
    }
    // Of many who come at once with one token, the first asks.
    const asking = this.#asking.get(token) ?? this.#ask(token).finally(() => this.#asking.delete(token));
    this.#asking.set(token, asking);
    return asking;
  }

  async #ask(token: string): Promise<Session> {
    const now = this.#now();
    const row = await this.#options.byHash(hashToken(token));
    if (!row || !isGood(row, now)) {
      this.#byToken.delete(token);
      throw refused();
    }
    const session = this.#options.sessionOf(row);
    this.#byToken.set(token, { id: row.id, session, goodAt: now, shownAt: now });
    return session;
  }

  /** Calls `onEnd` once when the credential is good no more. Gives what ends the watch. */
  watch(id: string, onEnd: () => void): () => void {
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers);
    // A wrapper of its own, so that one function may watch twice.
    const own = () => onEnd();
    watchers.add(own);
    return () => {
      watchers.delete(own);
      if (watchers.size === 0 && this.#watchers.get(id) === watchers) this.#watchers.delete(id);
    };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#watchers.clear();
  }

  async #poll(): Promise<void> {
    this.#forget();
    const ids = new Set([...this.#watchers.keys(), ...[...this.#byToken.values()].map(({ id }) => id)]);
    if (this.#polling || ids.size === 0) return;
    this.#polling = true;
    try {
      const askedAt = this.#now();
      const rows = await this.#options.byIds([...ids]);
      this.#apply(ids, new Map(rows.filter((row) => isGood(row, this.#now())).map((row) => [row.id, row])), askedAt);
    } catch (error) {
      // Who is known has been for too long, soon: who comes then is told that the records are away.
      this.#options.onError(error);
    } finally {
      this.#polling = false;
    }
  }

  #forget(): void {
    const before = this.#now() - forgetMs;
    for (const [token, { id, shownAt }] of this.#byToken) {
      if (shownAt < before && !this.#watchers.has(id)) this.#byToken.delete(token);
    }
  }

  /** @param ids which were asked for @param good those of them that are good */
  #apply(ids: ReadonlySet<string>, good: ReadonlyMap<string, Row>, askedAt: number): void {
    for (const [token, known] of this.#byToken) {
      const row = good.get(known.id);
      if (row) Object.assign(known, { session: this.#options.sessionOf(row), goodAt: askedAt });
      else if (ids.has(known.id)) this.#byToken.delete(token);
    }
    for (const [id, watchers] of this.#watchers) {
      if (good.has(id) || !ids.has(id)) continue;
      this.#watchers.delete(id);
      for (const onEnd of watchers) onEnd();
    }
  }
}

const hasPassed = (at: number | null, now: number): boolean => at !== null && at <= now;

const isGood = ({ expiresAt, revokedAt }: Credential, now: number): boolean =>
  revokedAt === null && !hasPassed(expiresAt, now);

const refused = (): MillraceError => unauthenticated('This token is unknown, has expired or was revoked.');
