import type { Position } from '../domain/cursor.ts';
import type { Entry } from '../domain/entry.ts';
import { type LogEvent, merge, type NumberedEntry } from '../domain/merge.ts';
import type { Slice } from './log.ts';

/** How much text is kept at hand; who is further behind reads the log. */
const most = 1 << 16;

/** The newest entries of one log, in order and without a gap, and what its readers have merged since the last one came. */
export class Window {
  #epoch: string | undefined;
  #after = 0;
  #entries: Entry[] = [];
  #length = 0;
  /** By offset, and by length of the text up to there: a reader that was rewound may have less of it. */
  readonly #merged = new Map<number, Map<number, readonly LogEvent[]>>();

  /** Which log it is of; undefined where there is none. */
  get epoch(): string | undefined {
    return this.#epoch;
  }

  /** The offset of the newest entry. */
  get offset(): number {
    return this.#after + this.#entries.length;
  }

  /** Starts anew at the end of a log: what lies before is the readers' to fetch. */
  begin(epoch: string | undefined, offset: number): void {
    this.#epoch = epoch;
    this.#after = offset;
    this.#entries = [];
    this.#length = 0;
    this.#merged.clear();
  }

  /** Takes what follows, and lets go of the oldest. */
  extend(entries: readonly Entry[]): void {
    this.#entries.push(...entries);
    for (const entry of entries) this.#length += lengthOf(entry);
    let drop = 0;
    while (this.#length > most && drop < this.#entries.length - 1) {
      const entry = this.#entries[drop++];
      if (entry) this.#length -= lengthOf(entry);
    }
    if (drop > 0) this.#entries.splice(0, drop);
    this.#after += drop;
    this.#merged.clear();
  }

  /** The entries after `after`; undefined where not all of them are at hand. */
  since(after: number): Slice | undefined {
    if (this.#epoch === undefined || after < this.#after) return undefined;
    return { epoch: this.#epoch, after, entries: this.#entries.slice(after - this.#after) };
  }

  /** What follows a position in this log, merged: the same events for all who ask before more comes; undefined where it is not at hand. */
  merged(position: Position): readonly LogEvent[] | undefined {
    const { offset, length } = position;
    const byLength = this.#merged.get(offset);
    const known = byLength?.get(length);
    if (known) return known;
    const slice = this.since(offset);
    if (!slice) return undefined;
    const events = merge(numbered(slice), position);
    if (byLength) byLength.set(length, events);
    else this.#merged.set(offset, new Map([[length, events]]));
    return events;
  }
}

/** The entries with their offsets. */
export function* numbered({ after, entries }: Slice): Iterable<NumberedEntry> {
  let offset = after;
  for (const entry of entries) yield { offset: ++offset, entry };
}

/** Of short entries it is not the text that takes the room. */
const lengthOf = (entry: Entry) => 64 + (entry.type === 'textAppended' ? entry.text.length : 0);
