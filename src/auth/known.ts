import { unauthenticated } from '../domain/errors.ts';
import type { Session } from './auth.ts';
import type { Way } from './ways.ts';

/** A record that lets in whoever shows its token. Times are ms since 1970. */
export interface Credential {
  readonly id: string;
  readonly revoked: boolean;
  /** What its holder is let in to; it ends when the credential expires. */
  readonly session: Session;
  /** Null where it never was, or where that is not written. */
  readonly lastUsedAt: number | null;
}

/** Credentials of one kind, in the records. */
export interface CredentialKind {
  /** What people call one of them. */
  readonly name: string;
  /** Of their ids. */
  readonly prefix: 'key_' | 'link_';
  /** Whether a token is of this kind, right or wrong. */
  takes(token: string): boolean;
  /** The one whose token this is, good or not; undefined where there is none. */
  load(token: string): Promise<Credential | undefined>;
  /** Several in one statement. */
  byIds(ids: readonly string[]): Promise<Credential[]>;
  /** Notes that these were used then; missing where nobody wants to know. */
  touch?(ids: readonly string[], at: number): Promise<void>;
}

interface KnownOptions {
  /** Told that the records could not be read, or written to: that is tried again. */
  readonly onError: (error: unknown) => void;
  readonly askMs?: number;
}

/** How often the records are asked what has become of those in use: so old may be what is known. */
const defaultAskMs = 2_000;
/** One that nobody has shown for this long, and that no socket or stream is open with, is forgotten. */
const forgetMs = 600_000;
/** The time of last use is written so often, at most. */
const touchMs = 60_000;
/** Ids in one statement, at most: SQLite takes 32,766 parameters, and lists are filled up to a power of two. */
const idsAtOnce = 16_384;

interface Known {
  credential: Credential;
  usedAt: number;
  /** The last use that was written. */
  touchedAt: number;
}

interface Watch {
  readonly session: Session;
  readonly onEnd: () => void;
}

/**
 * Lets in by credentials of one kind. The records are asked for one when its token is first shown in this process, and
 * from then on for all that are in use together, every 2 s: what was revoked or given another role, on whatever node, ends
 * its sessions after that time, with no message to be lost. While the records are away, what is known stays good until it
 * expires.
 */
export class KnownCredentials implements Way {
  readonly #kind: CredentialKind;
  readonly #options: KnownOptions;
  /** By token: who comes again costs a look into this map. */
  readonly #known = new Map<string, Known>();
  readonly #loading = new Map<string, Promise<Known | undefined>>();
  readonly #watches = new Map<string, Set<Watch>>();
  #closed = false;
  #timer: NodeJS.Timeout;

  constructor(kind: CredentialKind, options: KnownOptions) {
    this.#kind = kind;
    this.#options = options;
    this.#timer = this.#later();
  }

  takes(token: string): boolean {
    return this.#kind.takes(token);
  }

  async authenticate(token: string): Promise<Session> {
    const known = this.#known.get(token) ?? (await this.#load(token));
    const { name } = this.#kind;
    if (!known) throw unauthenticated(`There is no such ${name}.`);
    const { revoked, session } = known.credential;
    const now = Date.now();
    if (revoked) throw unauthenticated(`This ${name} was revoked.`);
    if (session.expiresAt !== null && session.expiresAt <= now) throw unauthenticated(`This ${name} has expired.`);
    known.usedAt = now;
    return session;
  }

  watch(session: Session, onEnd: () => void): () => void {
    const { credentialId: id } = session;
    if (!id?.startsWith(this.#kind.prefix)) return () => {};
    const watch = { session, onEnd };
    const all = this.#watches.get(id) ?? new Set();
    this.#watches.set(id, all.add(watch));
    return () => this.#unwatch(id, watch);
  }

  #unwatch(id: string, watch: Watch): void {
    const all = this.#watches.get(id);
    all?.delete(watch);
    if (all?.size === 0) this.#watches.delete(id);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Once for all that show the same token at the same time, as all clients of a server do that comes back. */
  #load(token: string): Promise<Known | undefined> {
    const underWay = this.#loading.get(token);
    if (underWay) return underWay;
    const asking = this.#kind
      .load(token)
      .then((credential) => {
        if (!credential) return undefined;
        const known = { credential, usedAt: 0, touchedAt: credential.lastUsedAt ?? 0 };
        this.#known.set(token, known);
        return known;
      })
      .finally(() => this.#loading.delete(token));
    this.#loading.set(token, asking);
    return asking;
  }

  #later(): NodeJS.Timeout {
    return setTimeout(() => void this.#askAgain(), this.#options.askMs ?? defaultAskMs).unref();
  }

  async #askAgain(): Promise<void> {
    const { onError } = this.#options;
    await this.#refresh().catch(onError);
    await this.#touch().catch(onError);
    if (!this.#closed) this.#timer = this.#later();
  }

  async #refresh(): Promise<void> {
    const longAgo = Date.now() - forgetMs;
    for (const [token, { credential, usedAt }] of this.#known) {
      if (usedAt < longAgo && !this.#watches.has(credential.id)) this.#known.delete(token);
    }
    const ids = new Set(this.#watches.keys());
    for (const { credential } of this.#known.values()) ids.add(credential.id);
    for (const asked of portions([...ids])) {
      const found = await this.#kind.byIds(asked);
      this.#apply(new Set(asked), new Map(found.map((credential) => [credential.id, credential])));
    }
  }

  #apply(asked: ReadonlySet<string>, found: ReadonlyMap<string, Credential>): void {
    for (const [token, known] of this.#known) {
      const now = found.get(known.credential.id);
      if (now) known.credential = now;
      else if (asked.has(known.credential.id)) this.#known.delete(token);
    }
    for (const id of asked) {
      for (const watch of this.#watches.get(id) ?? []) {
        if (holds(watch.session, found.get(id))) continue;
        this.#unwatch(id, watch);
        watch.onEnd();
      }
    }
  }

  async #touch(): Promise<void> {
    if (!this.#kind.touch) return;
    const now = Date.now();
    const due = [...this.#known.values()].filter(
      ({ usedAt, touchedAt }) => usedAt > touchedAt && now - touchedAt >= touchMs,
    );
    for (const some of portions(due)) {
      await this.#kind.touch(
        some.map(({ credential }) => credential.id),
        now,
      );
      for (const known of some) known.touchedAt = now;
    }
  }
}

function* portions<Item>(items: readonly Item[]): Iterable<readonly Item[]> {
  for (let from = 0; from < items.length; from += idsAtOnce) yield items.slice(from, from + idsAtOnce);
}

/** Whether a session that was begun by a credential is still what that gives: a name may change meanwhile, no more. */
function holds({ viewer, expiresAt }: Session, now: Credential | undefined): boolean {
  if (!now || now.revoked || now.session.expiresAt !== expiresAt) return false;
  const { id, role } = now.session.viewer;
  return viewer.id === id && viewer.role === role;
}
