import { MillraceError, unauthenticated } from '../domain/errors.ts';
import type { Authenticator, Session } from './auth.ts';
import { at } from './expiry.ts';

/** One of the ways to show who one is. */
export interface Way {
  /** Whether a token is of this kind, right or wrong. */
  takes(token: string): boolean;

  /**
   * @param ip where it was shown, for what is written down of it
   * @throws MillraceError as `Authenticator.authenticate`
   */
  authenticate(token: string, ip: string): Promise<Session>;

  /** Calls `onEnd` where a session of its own ends before it expires. Gives what ends the watch. */
  watch(session: Session, onEnd: () => void): () => void;

  close(): void;
}

/** Somebody was refused: from where, and why. */
export type OnRefusal = (refusal: { readonly ip: string; readonly reason: string }) => void;

/** Lets in whoever shows a good token of any of these kinds. */
export function anyOf(ways: readonly Way[], onRefusal: OnRefusal): Authenticator {
  const watches = new Set<() => void>();
  return {
    async authenticate({ token, ip }) {
      if (token === undefined)
        throw unauthenticated('This server asks who you are: send Authorization: Bearer <token>.');
      try {
        const way = ways.find((each) => each.takes(token));
        if (!way) throw unauthenticated('This is no kind of token that this server takes.');
        return await way.authenticate(token, ip);
      } catch (error) {
        if (error instanceof MillraceError && error.code === 'UNAUTHENTICATED')
          onRefusal({ ip, reason: error.message });
        throw error;
      }
    },

    watch(session, onEnd) {
      const end = () => {
        stop();
        onEnd();
      };
      const stops = ways.map((way) => way.watch(session, end));
      if (session.expiresAt !== null) stops.push(at(session.expiresAt, end));
      const stop = () => {
        watches.delete(stop);
        for (const each of stops) each();
      };
      watches.add(stop);
      return stop;
    },

    close() {
      for (const stop of watches) stop();
      for (const way of ways) way.close();
    },
  };
}
