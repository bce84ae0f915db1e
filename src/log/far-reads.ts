import type { Position } from '../domain/cursor.ts';
import { type LogEvent, merge } from '../domain/merge.ts';
import type { Log } from './log.ts';
import { numbered } from './window.ts';

/** The entries that one event's text is merged of: 10,000 tokens of a model that is slow enough for each to be one have 900 KB. */
const readBytes = 1 << 20;
/** So many merges are kept, of all logs together; with its JSON one may have 400 KiB. */
const mostKept = 32;

type Merged = Promise<readonly LogEvent[] | undefined>;

/**
 * What those are told who are further behind in a log than its tail remembers: read from the log, and merged, once for all
 * who come to the same place while it is among the last that anybody came to.
 */
export class FarReads {
  readonly #log: Log;
  readonly #kept = new Map<string, Merged>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** What follows a position; undefined where the log is gone, or another one. @throws what `Log.read` does */
  merged(id: string, position: Position): Merged {
    const { epoch, offset, length } = position;
    const key = `${id} ${epoch} ${offset} ${length}`;
    const known = this.#kept.get(key);
    if (known) return known;
    const merged = this.#read(id, position);
    this.#kept.set(key, merged);
    const forget = () => {
      if (this.#kept.get(key) === merged) this.#kept.delete(key);
    };
    merged.then((events) => events ?? forget(), forget);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= mostKept) break;
      this.#kept.delete(oldest);
    }
    return merged;
  }

  async #read(id: string, position: Position): Merged {
    const { epoch, offset } = position;
    const slice = (await this.#log.read(new Map([[id, offset]]), readBytes)).get(id);
    return slice?.entries.length && slice.epoch === epoch ? merge(numbered(slice), position) : undefined;
  }
}
