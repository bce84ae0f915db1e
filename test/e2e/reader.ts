import { Answer, follow, type GenerationEvent, type Transport } from './client.ts';

/** Reads something to its end in the background, and lets a test wait for what it has come by. */
export class Collector<Item> {
  readonly items: Item[] = [];
  /** Resolves when the source has ended; rejects when it failed. */
  readonly done: Promise<void>;
  readonly #source: AsyncIterable<Item> & { close(): void };
  #wake = Promise.withResolvers<void>();
  #over = false;

  constructor(source: AsyncIterable<Item> & { close(): void }, take: (item: Item) => void = () => {}) {
    this.#source = source;
    this.done = this.#read(take).finally(() => {
      this.#over = true;
      this.#wake.resolve();
    });
    // Whoever waits for an item is told by `until`.
    this.done.catch(() => {});
  }

  async #read(take: (item: Item) => void): Promise<void> {
    for await (const item of this.#source) {
      take(item);
      this.items.push(item);
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    }
  }

  /** The first item, among those that came and those to come, of which `is` is true. */
  async until(is: (item: Item) => boolean, from = 0): Promise<Item> {
    for (let next = from; ; next++) {
      while (next >= this.items.length) {
        if (this.#over) {
          await this.done;
          throw new Error(`It ended without what was waited for: ${JSON.stringify(this.items)}`);
        }
        await this.#wake.promise;
      }
      const item = this.items[next] as Item;
      if (is(item)) return item;
    }
  }

  close(): void {
    this.#source.close();
  }
}

type EventName = NonNullable<GenerationEvent['__typename']>;
type Named<Name extends EventName> = Extract<GenerationEvent, { __typename?: Name }>;

/** A subscriber of one generation. */
export class Reader {
  readonly id: string;
  readonly answer = new Answer();
  readonly #events: Collector<{ readonly generation: GenerationEvent }>;

  constructor(url: string, id: string, { transport = 'ws', after }: { transport?: Transport; after?: string } = {}) {
    this.id = id;
    this.#events = new Collector(follow(transport, url, id, after), ({ generation }) => this.answer.take(generation));
  }

  get events(): readonly GenerationEvent[] {
    return this.#events.items.map(({ generation }) => generation);
  }

  /** All events of one type so far. */
  all<Name extends EventName>(name: Name): Named<Name>[] {
    return this.events.filter((event): event is Named<Name> => event.__typename === name);
  }

  /** Resolves with the first event of a type for which `is` is true. */
  async until<Name extends EventName>(name: Name, is: (event: Named<Name>) => boolean = () => true) {
    const found = await this.#events.until(({ generation }) => {
      return generation.__typename === name && is(generation as Named<Name>);
    });
    return found.generation as Named<Name>;
  }

  /** Resolves when the text so far has at least this length. */
  async untilText(length: number): Promise<void> {
    await this.until('TextAppended', ({ position, text }) => position + text.length >= length);
  }

  /** Resolves with the end, once the subscription is over; there is one, and it is the last event. */
  async end(): Promise<Named<'GenerationEnded'>> {
    await this.#events.done;
    const last = this.events.at(-1);
    if (last?.__typename !== 'GenerationEnded' || this.answer.ends !== 1) {
      throw new Error(`It did not end as it must: ${JSON.stringify(this.events)}`);
    }
    return last as Named<'GenerationEnded'>;
  }

  close(): void {
    this.#events.close();
  }
}
