import type { EndedEntry, Entry } from '../domain/entry.ts';
import type { Progress } from '../domain/progress.ts';
import { keepable } from '../domain/text.ts';
import type { Log } from '../log/log.ts';
import { appendNext } from './append.ts';

/** Text is written before its time when so much of it has gathered (code units). */
const fullLength = 1 << 13;

interface WriterOptions {
  readonly log: Log;
  readonly id: string;
  /** The log so far; kept up to date. */
  readonly progress: Progress;
  /** How long text gathers before it is written, in ms. What comes after a longer pause is written at once. */
  readonly intervalMs: number;
  /** Called once when an append failed: from then on nothing is written, and `flush` throws the error. */
  readonly onError: (error: unknown) => void;
  /** Aborted where nothing is to wait any more for a log that is away. */
  readonly signal: AbortSignal;
  readonly now?: () => number;
}

/** Writes one generation's tokens to its log, gathered by time, one append after the other. */
export class Writer {
  readonly progress: Progress;
  readonly #log: Log;
  readonly #id: string;
  readonly #intervalMs: number;
  readonly #onError: (error: unknown) => void;
  readonly #signal: AbortSignal;
  readonly #now: () => number;
  #text = '';
  #tokens = 0;
  #lastAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #error: unknown;

  constructor({ log, id, progress, intervalMs, onError, signal, now = Date.now }: WriterOptions) {
    this.#log = log;
    this.#id = id;
    this.progress = progress;
    this.#intervalMs = intervalMs;
    this.#onError = onError;
    this.#signal = signal;
    this.#now = now;
  }

  /** When text was last written, in ms since 1970; 0 before. */
  get wroteAt(): number {
    return this.#lastAt;
  }

  /** Starts the next attempt; resolves when the log says so, or could not be told. The text of it may come before that. */
  begin(backend: string, keptLength: number): Promise<void> {
    // Half of a pair that the attempt before has left; this one says it whole.
    this.#text = '';
    this.#tokens = 0;
    const { attempt, text, tokens } = this.progress;
    const keptTokens = keptLength === text.length ? tokens : 0;
    const at = this.#now();
    return this.#append({ type: 'attemptStarted', at, attempt: attempt + 1, backend, keptLength, keptTokens });
  }

  /** Takes a delta. Where the log is slower than the model it gives a promise, after which the next one may come. */
  write(text: string, tokens: number): Promise<void> | undefined {
    this.#text += text;
    this.#tokens += tokens;
    if (this.#text.length >= fullLength) return this.flush();
    if (!this.#timer && !this.#writing) this.#schedule();
    return undefined;
  }

  #schedule(): void {
    // At most the interval, also where somebody has set the clock back.
    const wait = Math.min(this.#intervalMs, this.#lastAt + this.#intervalMs - this.#now());
    if (wait <= 0) void this.#writeOut();
    else this.#timer = setTimeout(() => void this.#writeOut(), wait);
  }

  /** Resolves when all text is in the log. @throws AppendRefused, or what else an append failed of. */
  async flush(): Promise<void> {
    while (this.#writing || (this.#ready() && !this.#error)) await (this.#writing ?? this.#writeOut());
    if (this.#error) throw this.#error;
  }

  /** Replaces a half of a surrogate pair whose other half never came; the text must be whole before it ends. */
  async close(): Promise<void> {
    this.#text = this.#text.toWellFormed();
    await this.flush();
  }

  /** @throws AppendRefused, or what else the append failed of. */
  async end(ended: EndedEntry): Promise<void> {
    await this.#append(ended);
    if (this.#error) throw this.#error;
  }

  /** Stops the clock; what has gathered is dropped. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Whether there is text that may be written: the first half of a surrogate pair waits for the second. */
  #ready(): boolean {
    return this.#text.length > (endsInHighSurrogate(this.#text) ? 1 : 0);
  }

  #writeOut(): Promise<void> | undefined {
    this.stop();
    if (this.#writing || this.#error || !this.#ready()) return this.#writing;
    const end = this.#text.length - (endsInHighSurrogate(this.#text) ? 1 : 0);
    const text = keepable(this.#text.slice(0, end));
    const tokens = this.#tokens;
    this.#text = this.#text.slice(end);
    this.#tokens = 0;
    this.#lastAt = this.#now();
    const position = this.progress.text.length;
    return this.#append({ type: 'textAppended', at: this.#lastAt, position, text, tokens });
  }

  /** Appends one entry, while none is under way. Never rejects. */
  #append(entry: Entry): Promise<void> {
    this.#writing = appendNext(this.#log, this.#id, this.progress, entry, this.#signal).then(
      () => {
        this.#writing = undefined;
        if (this.#ready() && !this.#timer) this.#schedule();
      },
      (error) => {
        this.#writing = undefined;
        this.#error = error;
        this.#onError(error);
      },
    );
    return this.#writing;
  }
}

const endsInHighSurrogate = (text: string): boolean => {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
};
