import { Candidates } from './candidates.ts';
import { isBlank, tokenise } from './tokens.ts';

/** How many tokens decide on the next one: a model of order 4. */
const CONTEXT = 3;
/** Lists made from more occurrences than this are kept once made: a few thousand of them can be. */
const KEEP_ABOVE = 64;

const NEW_PARAGRAPH = '\n\n';
const STAND_IN = ';';

/** The last tokens of a text, oldest first. */
export type Context = readonly number[];

/**
 * A word-level n-gram model with back-off over a suffix array. It keeps nothing about a run and may serve any number.
 * The corpus is read as a ring, so that each of its tokens has one that follows.
 */
export class NgramModel {
  readonly #tokens: string[] = [];
  readonly #idOf = new Map<string, number>();
  /** The corpus as token ids; its first tokens are repeated at the end, which closes the ring. */
  readonly #ids: Uint16Array;
  /** All positions of the corpus, ordered by the four tokens that stand there. */
  readonly #order: Uint32Array;
  /** Where the positions of a token begin in `#order`. */
  readonly #starts: Uint32Array;
  readonly #scratch = new Candidates();
  readonly #kept = new Map<number, Candidates>();

  /** @throws RangeError for a corpus without text, with over 65,535 different tokens, or so many of one. */
  constructor(corpus: string) {
    const tokens = tokenise(`${corpus.trim()}${NEW_PARAGRAPH}`);
    if (tokens.length < 2) throw new RangeError('An n-gram model needs a corpus');
    this.#ids = new Uint16Array(tokens.length + CONTEXT + 1);
    tokens.forEach((token, position) => {
      this.#ids[position] = this.#learn(token);
    });
    this.#learn(STAND_IN);
    if (this.#tokens.length > 0xffff) throw new RangeError('The corpus has too many different tokens');
    this.#ids.copyWithin(tokens.length, 0, CONTEXT + 1);
    const { order, starts } = sortPositions(this.#ids, tokens.length, this.#tokens.length);
    if (starts.some((start, id) => start - (starts[id - 1] ?? 0) > 0xffff))
      throw new RangeError('The corpus is too long');
    this.#order = order;
    this.#starts = starts;
  }

  #learn(token: string): number {
    const known = this.#idOf.get(token);
    if (known !== undefined) return known;
    this.#idOf.set(token, this.#tokens.length);
    return this.#tokens.push(token) - 1;
  }

  /** The id of a token, if the corpus has it. */
  find(token: string): number | undefined {
    return this.#idOf.get(token);
  }

  /** The id of a token, or of one that can stand in for it: after it the text goes on as after a semicolon. */
  idOf(token: string): number {
    const known = this.#idOf.get(token) ?? this.#idOf.get(isBlank(token) ? NEW_PARAGRAPH : STAND_IN);
    return known ?? 0;
  }

  /** The text of a token. */
  textOf(id: number): string {
    return this.#tokens[id] ?? '';
  }

  /**
   * What may follow: the tokens that followed the longest known end of `context`, or began a paragraph where none is
   * known. Three tokens decide only where they leave a choice; else the model would recite the book.
   * The answer is valid until the next call.
   */
  candidates(context: Context): Candidates {
    for (let length = Math.min(CONTEXT, context.length); length > 0; length--) {
      const [from, to] = this.#range(context, length);
      if (from === to) continue;
      if (length === CONTEXT && this.#next(from, length) === this.#next(to - 1, length)) continue;
      return this.#count(from, to, length);
    }
    return this.candidates([this.idOf(NEW_PARAGRAPH)]);
  }

  /** Where in `#order` the last `length` tokens of the context are. */
  #range(context: Context, length: number): [from: number, to: number] {
    const first = context[context.length - length] ?? 0;
    let from = this.#starts[first] ?? 0;
    let to = this.#starts[first + 1] ?? 0;
    for (let depth = 1; depth < length && from < to; depth++) {
      const id = context[context.length - length + depth] ?? 0;
      const end = to;
      from = this.#lowerBound(id, from, end, depth);
      to = this.#lowerBound(id + 1, from, end, depth);
    }
    return [from, to];
  }

  #lowerBound(id: number, from: number, to: number, depth: number): number {
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#next(middle, depth) < id) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** The token `depth` places after the position that is `rank`-th in order. */
  #next(rank: number, depth: number): number {
    return this.#ids[(this.#order[rank] ?? 0) + depth] ?? 0;
  }

  #count(from: number, to: number, length: number): Candidates {
    const key = from * (CONTEXT + 1) + length;
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const keep = to - from > KEEP_ABOVE;
    const list = keep ? new Candidates() : this.#scratch;
    list.clear();
    for (let rank = from; rank < to; rank++) list.add(this.#next(rank, length));
    list.sort();
    if (keep) this.#kept.set(key, list);
    return list;
  }
}

/** A stable counting sort for each of the four places, the last place first. */
function sortPositions(ids: Uint16Array, size: number, vocabulary: number) {
  let order = new Uint32Array(size).map((_, position) => position);
  const starts = new Uint32Array(vocabulary + 1);
  for (let depth = CONTEXT; depth >= 0; depth--) {
    starts.fill(0);
    for (let position = 0; position < size; position++) {
      const after = (ids[position + depth] ?? 0) + 1;
      starts[after] = (starts[after] ?? 0) + 1;
    }
    for (let id = 1; id <= vocabulary; id++) starts[id] = (starts[id] ?? 0) + (starts[id - 1] ?? 0);
    const next = starts.slice();
    const sorted = new Uint32Array(size);
    for (const position of order) {
      const id = ids[position + depth] ?? 0;
      const rank = next[id] ?? 0;
      sorted[rank] = position;
      next[id] = rank + 1;
    }
    order = sorted;
  }
  return { order, starts };
}
