import { LRUCache } from 'lru-cache';
import type { Position } from '../domain/cursor.ts';
import type { Entry } from '../domain/entry.ts';
import { type LogEvent, merge, mostText } from '../domain/merge.ts';
import type { Log } from './log.ts';
import { numbered } from './window.ts';

/** So much of a log is read at once. A token that is an entry by itself has some 90 bytes, and half a dozen of them are text. */
const pageBytes = 1 << 17;
/** So many merges are kept, of all logs together; with its JSON one may have 400 KiB. */
const mostKept = 32;

type Merged = Promise<readonly LogEvent[] | undefined>;

/**
 * What those are told who are further behind in a log than its tail remembers: read from the log, and merged, once for all
 * who come to the same place while it is among the last that anybody came to.
 */
export class FarReads {
  readonly #log: Log;
  readonly #kept = new LRUCache<string, Merged>({ max: mostKept });

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
      if (this.#kept.peek(key) === merged) this.#kept.delete(key);
    };
    merged.then((events) => events ?? forget(), forget);
    return merged;
  }

  async #read(id: string, position: Position): Merged {
    const { epoch, offset: after } = position;
    const entries: Entry[] = [];
    for (let length = 0, more = true; more && length < mostText; ) {
      const page = (await this.#log.read(new Map([[id, after + entries.length]]), pageBytes)).get(id);
      if (page?.epoch !== epoch) return undefined;
      for (const entry of page.entries) length += entry.type === 'textAppended' ? entry.text.length : 0;
      entries.push(...page.entries);
      more = page.more;
    }
    return entries.length > 0 ? merge(numbered({ epoch, after, entries }), position) : undefined;
  }
}
