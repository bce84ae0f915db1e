/** What is counted of each client: in this process, or on all nodes that share a Redis together. */
export interface Limits {
  /** How often something may happen. `name` is its own, the same on every node. */
  rate(name: string, options: RateOptions): Rate;

  /** How many there may be at once of something, for each key. `name` is its own, the same on every node. */
  places(name: string, limit: number): Places;

  /** Ends what keeps places: they are free for others a little later. */
  close(): void;
}

export interface RateOptions {
  /** How often it may happen in each window. */
  readonly limit: number;
  /** A window begins with the first count after the last one's end. */
  readonly windowSeconds: number;
}

/** Counts by key, exactly: of any number that are counted at the same time, on any node, `limit` are not too many. */
export interface Rate {
  /** Counts one more. Never rejects: a node that can't ask the others counts by itself, so long as it can't. */
  count(key: string): Promise<Standing>;

  /** How it stands, without counting. Never rejects. */
  read(key: string): Promise<Standing>;
}

export interface Standing extends RateOptions {
  /** At most `limit`. */
  readonly used: number;
  readonly remaining: number;
  /** Whether what was just counted is one too many. */
  readonly exceeded: boolean;
  /** After so many milliseconds all is free again; 0 where nothing is counted. */
  readonly resetsInMs: number;
}

export interface Places {
  /**
   * A place for `key`; undefined where all are taken. It is held until `release`, and for some seconds after its process
   * died. Never rejects: a node that can't ask the others counts by itself, and tells them later.
   */
  take(key: string): Promise<Place | undefined>;
}

export interface Place {
  /** Only the first call counts. */
  release(): void;
}

/** A limit for each viewer and one for each address; null where there is none. */
export interface PerClient {
  readonly viewer: number | null;
  readonly ip: number | null;
}
