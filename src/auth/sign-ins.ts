import { hash } from 'node:crypto';
import { MillraceError, rateLimited } from '../domain/errors.ts';
import { networkOf } from '../domain/network.ts';
import type { Rate } from '../limits/limits.ts';
import type { Authenticator } from './auth.ts';

/** So many tokens and addresses are remembered; beyond, the first of them are forgotten. */
const mostRemembered = 10_000;
/** So long the answer to a wrong token stays what it was, without a look at the token. */
const refusedMs = 5_000;

/**
 * Looks at no token from an address that has shown as many wrong ones as `failures` allows, until it may again. A token
 * that comes again is a client that does not know better, not one that guesses: it counts once in that time, and is
 * looked at every 5 s. Who is in already stays. Other nodes learn of it from the next wrong token that they are shown.
 */
export function slowSignIns(auth: Authenticator, failures: Rate, now: () => number = Date.now): Authenticator {
  const shut = new Until<true>(now);
  const counted = new Until<true>(now);
  const refused = new Until<MillraceError>(now);

  async function count(key: string, network: string): Promise<void> {
    const showing = `${network} ${key}`;
    if (counted.get(showing)) return;
    const { remaining, exceeded, resetsInMs } = await failures.count(network);
    counted.set(showing, true, resetsInMs);
    if (remaining === 0) shut.set(network, true, resetsInMs);
    if (exceeded) throw tooManyWrong(resetsInMs);
  }

  return {
    async authenticate(credentials) {
      const { token, ip, again } = credentials;
      if (token === undefined || again) return await auth.authenticate(credentials);
      const network = networkOf(ip);
      const closed = shut.get(network);
      if (closed) throw tooManyWrong(closed.msLeft);
      const known = refused.isEmpty ? undefined : refused.get(hashed(token));
      try {
        if (known) throw known.value;
        return await auth.authenticate(credentials);
      } catch (error) {
        if (!(error instanceof MillraceError) || error.code !== 'UNAUTHENTICATED') throw error;
        const key = hashed(token);
        if (!known) refused.set(key, error, refusedMs);
        await count(key, network);
        throw error;
      }
    },
    watch: (session, onEnd) => auth.watch(session, onEnd),
    close: () => auth.close(),
  };
}

const tooManyWrong = (ms: number) => rateLimited('Too many wrong tokens came from this address.', ms);

const hashed = (token: string): string => hash('sha256', token, 'base64url');

/** What holds for a time. */
class Until<Value> {
  readonly #held = new Map<string, { readonly value: Value; readonly end: number }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  set(key: string, value: Value, ms: number): void {
    this.#held.delete(key);
    this.#held.set(key, { value, end: this.#now() + ms });
    const [oldest] = this.#held.keys();
    if (this.#held.size > mostRemembered && oldest !== undefined) this.#held.delete(oldest);
  }

  /** What holds, and how long yet; undefined where nothing does. */
  get(key: string): { readonly value: Value; readonly msLeft: number } | undefined {
    const held = this.#held.get(key);
    const msLeft = (held?.end ?? 0) - this.#now();
    if (held && msLeft > 0) return { value: held.value, msLeft };
    this.#held.delete(key);
    return undefined;
  }
}
