import { setTimeout as sleep } from 'node:timers/promises';
import { below } from '../random.ts';
import { Answer, follow, type GenerationEvent, type Transport } from './client.ts';

/** A client that could not connect, or was told that the records are away, comes back after this long. */
const backOffMs = 100;
/** A subscriber leaves by itself after at most so many events. */
const mostPatience = 16;

/** An answer, and whatever came that its position had no place for. */
export class Account extends Answer {
  readonly id: string;
  /** When the first text came of an attempt after the first one. */
  goneOnAt: number | undefined;
  /** The number of every attempt, as it was told. */
  readonly begun: number[] = [];
  /** Texts that it had before. */
  doubled = 0;
  /** Texts that came before what lies before them. */
  early = 0;
  /** How often an attempt kept less than it had. */
  takenBack = 0;
  /** How often it was sent back to the beginning. */
  rewinds = 0;
  /** The longest time from one text to the next, in ms. */
  silence = 0;
  #heardAt: number | undefined;

  constructor(id: string) {
    super();
    this.id = id;
  }

  override take(event: GenerationEvent): void {
    if (event.__typename === 'AttemptStarted') {
      this.begun.push(event.attempt);
      if (event.keptLength < this.text.length) this.takenBack++;
    }
    if (event.__typename === 'TextAppended') {
      const now = Date.now();
      this.silence = Math.max(this.silence, now - (this.#heardAt ?? now));
      this.#heardAt = now;
      if (this.begun.some((attempt) => attempt > 1)) this.goneOnAt ??= now;
      if (event.position > this.text.length) this.early++;
      if (event.position < this.text.length && event.text === '') this.rewinds++;
      else if (event.position < this.text.length) this.doubled++;
    }
    super.take(event);
  }
}

export interface CrowdOptions {
  /** The API nodes' addresses. */
  readonly urls: readonly string[];
  readonly ids: readonly string[];
  readonly size: number;
  readonly random: () => number;
  /** Whether they stay as long as they are let. */
  readonly faithful?: boolean;
}

/**
 * Subscribers spread over generations and nodes. Each leaves now and then without being asked to, in one way or the
 * other, and whenever it has left or was cut off, it goes on by its last cursor, on either transport, at the next node.
 */
export class Crowd {
  readonly accounts: readonly Account[];
  /** Resolves when each has read its end, and its stream is over. */
  readonly done: Promise<void>;
  /** How often they left. */
  drops = 0;
  /** How often they were cut off. */
  cuts = 0;
  /** Errors that a client can't be asked to bear. */
  readonly faults: unknown[] = [];
  readonly #urls: readonly string[];
  readonly #random: () => number;
  readonly #faithful: boolean;
  #changed = Promise.withResolvers<void>();

  constructor({ urls, ids, size, random, faithful = false }: CrowdOptions) {
    this.#urls = urls;
    this.#faithful = faithful;
    this.#random = random;
    this.accounts = Array.from({ length: size }, (_, i) => new Account(ids[i % ids.length] ?? ''));
    this.done = Promise.all(this.accounts.map((account, i) => this.#read(account, i))).then(() => {});
  }

  /** How many code units of text they have, all together. */
  get length(): number {
    return this.accounts.reduce((sum, { text }) => sum + text.length, 0);
  }

  /** Resolves once what they have satisfies `condition`. */
  async until(condition: (crowd: this) => boolean): Promise<void> {
    while (!condition(this)) await this.#changed.promise;
  }

  async #read(account: Account, first: number): Promise<void> {
    for (let node = first; account.ends === 0; node++) {
      try {
        await this.#readSome(account, this.#urls[node % this.#urls.length] ?? '');
      } catch (error) {
        this.cuts++;
        const { code } = error as { code?: unknown };
        if (typeof code === 'string' && /^[A-Z_]+$/.test(code) && code !== 'UNAVAILABLE') this.faults.push(error);
        await sleep(backOffMs);
      }
    }
  }

  /** Reads until it has had enough, or to the end. */
  async #readSome(account: Account, url: string): Promise<void> {
    const transport: Transport = this.#random() < 0.5 ? 'ws' : 'sse';
    const abruptly = this.#random() < 0.5;
    let left = 1 + below(this.#random, mostPatience);
    const events = follow(transport, url, account.id, account.cursor);
    for await (const { generation } of events) {
      account.take(generation);
      this.#tell();
      if (account.ends > 0 || this.#faithful || --left > 0) continue;
      this.drops++;
      if (abruptly) events.destroy();
      else events.close();
      return;
    }
    if (account.ends === 0) throw new Error(`The stream of ${account.id} was completed before its end.`);
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
