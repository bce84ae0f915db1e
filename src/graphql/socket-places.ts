import type { Viewer } from '../domain/conversation.ts';
import { MillraceError } from '../domain/errors.ts';
import { networkOf } from '../domain/network.ts';
import type { Limits, PerClient, Place, Places } from '../limits/limits.ts';

/** How many sockets, and streams over HTTP, may be open at once: each takes a place of its address, and one of its viewer. */
export class SocketPlaces {
  readonly #options: PerClient;
  readonly #viewer: Places | undefined;
  readonly #ip: Places | undefined;

  constructor(limits: Limits, atOnce: PerClient) {
    const places = (whose: keyof PerClient) => {
      const limit = atOnce[whose];
      return limit === null ? undefined : limits.places(`sockets:${whose}`, limit);
    };
    this.#options = atOnce;
    this.#viewer = places('viewer');
    this.#ip = places('ip');
  }

  /** A place for a socket from an address. @throws MillraceError `RATE_LIMITED` */
  ofAddress(ip: string): Promise<Place> {
    return take(
      this.#ip,
      networkOf(ip),
      `From one address ${this.#options.ip} sockets and streams may be open at once.`,
    );
  }

  /**
   * A place for a viewer's socket. Whoever holds a link is one of many, of whom none may shut out the others: they take
   * one of their address alone. @throws MillraceError `RATE_LIMITED`
   */
  ofViewer({ id, only }: Viewer): Promise<Place> {
    return take(
      only === undefined ? this.#viewer : undefined,
      id,
      `One viewer may have ${this.#options.viewer} sockets and streams open at once.`,
    );
  }
}

const nowhere: Place = { release() {} };

async function take(places: Places | undefined, key: string, rule: string): Promise<Place> {
  if (!places) return nowhere;
  const place = await places.take(key);
  if (!place) throw new MillraceError('RATE_LIMITED', `${rule} Close one, or come back later.`);
  return place;
}
