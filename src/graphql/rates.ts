import { type MillraceError, rateLimited } from '../domain/errors.ts';
import { networkOf } from '../domain/network.ts';
import type { Limits, PerClient, Rate, Standing } from '../limits/limits.ts';

/** Whose rate it is, and how it stands. */
interface Counted {
  readonly whose: 'viewer' | 'ip';
  readonly standing: Standing;
}

/** How an operation was counted; empty where nothing is limited. */
export type Count = readonly Counted[];

/** Counts operations, whatever the transport. */
export class OperationRates {
  readonly #viewer: Rate | undefined;
  readonly #ip: Rate | undefined;

  constructor(limits: Limits, perSecond: PerClient) {
    const rate = (whose: keyof PerClient) => {
      const limit = perSecond[whose];
      return limit === null ? undefined : limits.rate(`operations:${whose}`, { limit, windowSeconds: 1 });
    };
    this.#viewer = rate('viewer');
    this.#ip = rate('ip');
  }

  /** Counts an operation from `ip`, of a viewer where one was let in. Never rejects. */
  async count(ip: string, viewerId?: string): Promise<Count> {
    const [viewer, address] = await Promise.all([
      viewerId === undefined ? undefined : this.#viewer?.count(viewerId),
      this.#ip?.count(networkOf(ip)),
    ]);
    return [
      ...(viewer ? [{ whose: 'viewer', standing: viewer } as const] : []),
      ...(address ? [{ whose: 'ip', standing: address } as const] : []),
    ];
  }

  /** How a viewer stands; undefined where there is no limit. Never rejects. */
  async ofViewer(id: string): Promise<Standing | undefined> {
    return await this.#viewer?.read(id);
  }
}

const owners = { viewer: 'one viewer', ip: 'one address' };

/** Why an operation is not executed: of two limits the one that holds longer. */
export function tooMany(count: Count): MillraceError | undefined {
  const [longest] = count
    .filter(({ standing }) => standing.exceeded)
    .sort((a, b) => b.standing.resetsInMs - a.standing.resetsInMs);
  if (!longest) return undefined;
  const { whose, standing } = longest;
  const why = `These are too many operations: ${standing.limit} a second are allowed to ${owners[whose]}.`;
  return rateLimited(why, standing.resetsInMs);
}

/** @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-09 */
export function rateHeaders(count: Count): [string, string][] {
  if (count.length === 0) return [];
  const list = (item: (standing: Standing) => string) =>
    count.map(({ whose, standing }) => `"${whose}";${item(standing)}`).join(', ');
  return [
    ['RateLimit-Policy', list(({ limit, windowSeconds }) => `q=${limit};w=${windowSeconds}`)],
    [
      'RateLimit',
      list(
        ({ remaining, resetsInMs, windowSeconds }) =>
          `r=${remaining};t=${Math.min(windowSeconds, Math.ceil(resetsInMs / 1000))}`,
      ),
    ],
  ];
}
