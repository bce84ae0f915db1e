import { MillraceError } from '../domain/errors.ts';
import { networkOf } from '../domain/network.ts';
import type { Limits, PerClient, Place, Places } from '../limits/limits.ts';

/** How many sockets may be open at once: each takes a place of its address, and one of its viewer. */
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
    return take(this.#ip, networkOf(ip), `From one address ${this.#options.ip} sockets may be open at once.`);
  }

  /** A place for a viewer's socket. @throws MillraceError `RATE_LIMITED` */
  ofViewer(id: string): Promise<Place> {
    return take(this.#viewer, id, `One viewer may have ${this.#options.viewer} sockets open at once.`);
  }
}

const nowhere: Place = { release() {} };

async function take(places: Places | undefined, key: string, rule: string): Promise<Place> {
  if (!places) return nowhere;
  const place = await places.take(key);
  if (!place) throw new MillraceError('RATE_LIMITED', `${rule} Close one, or come back later.`);
  return place;
}
