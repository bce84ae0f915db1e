import { createHash } from 'node:crypto';
import { MillraceError, rateLimited } from '../domain/errors.ts';
import { networkOf } from '../domain/network.ts';
import type { Rate } from '../limits/limits.ts';
import type { Authenticator } from './auth.ts';

/** So many tokens and addresses are remembered; beyond, a token that comes again is counted again. */
const mostRemembered = 10_000;

/**
 * Looks at no token from an address that has shown as many wrong ones as `failures` allows, until it may again. A token
 * that comes again is a client that does not know better, not one that guesses: it counts once in that time. Who is in
 * already stays. Other nodes learn of it from the next wrong token that they are shown.
 */
export function slowSignIns(auth: Authenticator, failures: Rate, now: () => number = Date.now): Authenticator {
  const shut = new Until(now);
  const counted = new Until(now);

  async function count(token: string, network: string): Promise<void> {
    const hash = createHash('sha256').update(`${network} ${token}`).digest('base64url');
    if (counted.msLeft(hash) > 0) return;
    const { remaining, exceeded, resetsInMs } = await failures.count(network);
    counted.set(hash, resetsInMs);
    if (remaining === 0) shut.set(network, resetsInMs);
    if (exceeded) throw tooManyWrong(resetsInMs);
  }

  return {
    async authenticate(credentials) {
      const { token, ip, again } = credentials;
      if (token === undefined || again) return await auth.authenticate(credentials);
      const network = networkOf(ip);
      const left = shut.msLeft(network);
      if (left > 0) throw tooManyWrong(left);
      try {
        return await auth.authenticate(credentials);
      } catch (error) {
        if (error instanceof MillraceError && error.code === 'UNAUTHENTICATED') await count(token, network);
        throw error;
      }
    },
    watch: (session, onEnd) => auth.watch(session, onEnd),
    close: () => auth.close(),
  };
}

const tooManyWrong = (ms: number) => rateLimited('Too many wrong tokens came from this address.', ms);

/** What holds for a time. */
class Until {
  readonly #ends = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  set(key: string, ms: number): void {
    const now = this.#now();
    if (this.#ends.size >= mostRemembered) {
      for (const [old, end] of this.#ends) if (end <= now) this.#ends.delete(old);
    }
    if (this.#ends.size < mostRemembered) this.#ends.set(key, now + ms);
  }

  msLeft = (key: string): number => (this.#ends.get(key) ?? 0) - this.#now();
}
