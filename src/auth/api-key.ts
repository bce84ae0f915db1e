import { unauthenticated } from '../domain/errors.ts';
import { idPrefix } from '../domain/ids.ts';
import type { Store, StoredKey } from '../store/store.ts';
import type { Session } from './auth.ts';
import { isKeyToken, isSecretOf, parseKeyToken } from './token.ts';
import type { Way } from './ways.ts';

/** How often the store is asked for what has become of the keys that are in use: so old may be what is known. */
const askMs = 2_000;
/** A key that nobody has shown for this long, and that no socket or stream is open with, is forgotten. */
const forgetMs = 600_000;
/** The time of last use is written so often, at most. */
const touchMs = 60_000;
/** Ids in one statement, at most: SQLite takes 32,766 parameters, and lists are filled up to a power of two. */
const idsAtOnce = 16_384;

interface KnownKey {
  secretHash: string;
  revoked: boolean;
  session: Session;
  usedAt: number;
  /** The last use that was written. */
  touchedAt: number;
}

interface ApiKeyDeps {
  readonly store: Pick<Store, 'keys'>;
  /** Told that the store could not be asked, or written to: it is tried again. */
  readonly onError: (error: unknown) => void;
}

interface Watch {
  readonly session: Session;
  readonly onEnd: () => void;
}

/**
 * Lets in by API keys. The store is asked for a key when it is first shown in this process, and from then on for all that
 * are in use together, every 2 s: what was revoked or given another role, on whatever node, ends its sessions after that
 * time, with no message to be lost. While the store is away, what is known stays good.
 */
export class ApiKeyWay implements Way {
  readonly takes = isKeyToken;
  readonly #deps: ApiKeyDeps;
  readonly #known = new Map<string, KnownKey>();
  readonly #loading = new Map<string, Promise<KnownKey | undefined>>();
  readonly #watches = new Map<string, Set<Watch>>();
  #closed = false;
  #timer: NodeJS.Timeout;

  constructor(deps: ApiKeyDeps) {
    this.#deps = deps;
    this.#timer = this.#later();
  }

  async authenticate(token: string): Promise<Session> {
    const { id, secret } = parseKeyToken(token) ?? {};
    const key = id === undefined ? undefined : (this.#known.get(id) ?? (await this.#load(id)));
    if (!key || secret === undefined || !isSecretOf(secret, key.secretHash)) {
      throw unauthenticated('There is no such API key.');
    }
    const { session, revoked } = key;
    const now = Date.now();
    if (revoked) throw unauthenticated('This API key was revoked.');
    if (session.expiresAt !== null && session.expiresAt <= now) throw unauthenticated('This API key has expired.');
    key.usedAt = now;
    return session;
  }

  watch(session: Session, onEnd: () => void): () => void {
    const id = session.credentialId;
    if (id === null || idPrefix(id) !== 'key') return () => {};
    const watch = { session, onEnd };
    const all = this.#watches.get(id) ?? new Set();
    this.#watches.set(id, all.add(watch));
    return () => {
      all.delete(watch);
      if (all.size === 0 && this.#watches.get(id) === all) this.#watches.delete(id);
    };
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Once for all that show the same key at the same time, as all clients of a server do that comes back. */
  #load(id: string): Promise<KnownKey | undefined> {
    const underWay = this.#loading.get(id);
    if (underWay) return underWay;
    const asking = this.#deps.store.keys
      .byIds([id])
      .then(([found]) => found && this.#learn(found))
      .finally(() => this.#loading.delete(id));
    this.#loading.set(id, asking);
    return asking;
  }

  #learn({ key, secretHash, viewerName }: StoredKey): KnownKey {
    const { id, viewerId, role, expiresAt, revokedAt, lastUsedAt } = key;
    const before = this.#known.get(id);
    const now = {
      secretHash,
      revoked: revokedAt !== null,
      session: { viewer: { id: viewerId, name: viewerName, role }, credentialId: id, expiresAt },
      usedAt: before?.usedAt ?? 0,
      touchedAt: before?.touchedAt ?? lastUsedAt ?? 0,
    };
    this.#known.set(id, now);
    return now;
  }

  #later(): NodeJS.Timeout {
    return setTimeout(() => void this.#askAgain(), askMs).unref();
  }

  async #askAgain(): Promise<void> {
    const { onError } = this.#deps;
    await this.#refresh().catch(onError);
    await this.#touch().catch(onError);
    if (!this.#closed) this.#timer = this.#later();
  }

  async #refresh(): Promise<void> {
    const longAgo = Date.now() - forgetMs;
    for (const [id, { usedAt }] of this.#known) {
      if (usedAt < longAgo && !this.#watches.has(id)) this.#known.delete(id);
    }
    const ids = [...new Set([...this.#known.keys(), ...this.#watches.keys()])];
    for (let from = 0; from < ids.length; from += idsAtOnce) {
      const asked = ids.slice(from, from + idsAtOnce);
      const found = new Map((await this.#deps.store.keys.byIds(asked)).map((row) => [row.key.id, row]));
      for (const id of asked) {
        const row = found.get(id);
        const now = row && this.#learn(row);
        if (!now) this.#known.delete(id);
        for (const { session, onEnd } of this.#watches.get(id) ?? []) if (!isGood(now, session)) onEnd();
      }
    }
  }

  async #touch(): Promise<void> {
    const now = Date.now();
    const due = [...this.#known].filter(
      ([, { usedAt, touchedAt }]) => usedAt > touchedAt && now - touchedAt >= touchMs,
    );
    for (let from = 0; from < due.length; from += idsAtOnce) {
      const some = due.slice(from, from + idsAtOnce);
      await this.#deps.store.keys.touch(
        some.map(([id]) => id),
        now,
      );
      for (const [, key] of some) key.touchedAt = now;
    }
  }
}

/** Whether a session that was begun by a key still holds: the name may change meanwhile, what may be done may not. */
const isGood = (key: KnownKey | undefined, { viewer, expiresAt }: Session): boolean =>
  key !== undefined &&
  !key.revoked &&
  key.session.viewer.id === viewer.id &&
  key.session.viewer.role === viewer.role &&
  key.session.expiresAt === expiresAt;
