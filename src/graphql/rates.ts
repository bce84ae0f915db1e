import type { Viewer } from '../domain/conversation.ts';
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

  /** Counts an operation for its address. Never rejects. */
  async countAddress(ip: string): Promise<Count> {
    const standing = await this.#ip?.count(networkOf(ip));
    return standing ? [{ whose: 'ip', standing }] : [];
  }

  /** Counts an operation for its viewer; whoever holds a link is one of many, of whom none may shut out the others. */
  async countViewer({ id, only }: Viewer): Promise<Count> {
    const standing = only === undefined ? await this.#viewer?.count(id) : undefined;
    return standing ? [{ whose: 'viewer', standing }] : [];
  }

  /** Counts an operation for both. Never rejects. */
  async count(ip: string, viewer: Viewer): Promise<Count> {
    return (await Promise.all([this.countViewer(viewer), this.countAddress(ip)])).flat();
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
