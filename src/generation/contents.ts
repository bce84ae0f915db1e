import { LRUCache } from 'lru-cache';
import { beginning } from '../domain/cursor.ts';
import { isUnavailable } from '../domain/errors.ts';
import type { Generation } from '../domain/generation.ts';
import type { Progress } from '../domain/progress.ts';
import type { Log } from '../log/log.ts';
import type { Content } from './generation.ts';
import { readProgress } from './read.ts';

/** The epoch of cursors that were given before there was a log: a reader who comes with one starts at the beginning. */
const noEpoch = '-';

/** What one takes beside its text, and each of its attempts. */
const lengthBeside = 256;

/**
 * What generations have written so far. One that runs has an entry for every few tokens, and a page that shows it is loaded
 * by many, and again: what was read of a log is kept, and gone on from.
 */
export class Contents {
  readonly #log: Log;
  readonly #kept: LRUCache<string, Progress>;

  /** Keeps `most` UTF-16 code units of all logs together: 4 Mi are some 5 MB, or 35 as long as nobody has asked for the texts. */
  constructor(log: Log, most = 4 << 20) {
    this.#log = log;
    this.#kept = new LRUCache({ maxSize: most, sizeCalculation: lengthOf });
  }

  /**
   * The contents by id, of rows as they are now.
   * @throws MillraceError `UNAVAILABLE` where the logs are away, and one of these may have written something.
   */
  async of(generations: readonly Generation[]): Promise<Map<string, Content>> {
    const open = generations.filter(({ course }) => !course);
    const progress = await this.#read(open).catch((error: unknown) => {
      // Who has just submitted one is to have its id, whatever else is away.
      if (isUnavailable(error) && open.every(({ status }) => status === 'QUEUED')) return new Map<string, Progress>();
      throw error;
    });
    return new Map(
      generations.map((generation) => [generation.id, contentOf(generation, progress.get(generation.id))]),
    );
  }

  async #read(open: readonly Generation[]): Promise<ReadonlyMap<string, Progress>> {
    const ids = open.map(({ id }) => id);
    const found = await readProgress(this.#log, ids, this.#kept);
    for (const id of ids) {
      const progress = found.get(id);
      if (!progress || progress.ended) this.#kept.delete(id);
      else if (progress !== this.#kept.peek(id)) this.#kept.set(id, progress);
    }
    return found;
  }
}

const lengthOf = ({ text, attempts }: Progress) => text.length + (1 + attempts.length) * lengthBeside;

function contentOf({ course, text }: Generation, progress: Progress | undefined): Content {
  if (course) return { text, position: { epoch: course.epoch, offset: course.offset, length: text.length } };
  if (!progress) return { text: '', position: beginning(noEpoch) };
  const { epoch, offset } = progress;
  return { text: progress.text, position: { epoch, offset, length: progress.text.length } };
}
