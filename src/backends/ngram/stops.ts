/** Text that may be shown, and the tokens it is made of. */
export interface Written {
  readonly text: string;
  readonly tokens: number;
}

/**
 * Lets tokens through until a stop text is complete, and holds those back that may be the beginning of one. Whole tokens
 * only, but for the last, which a stop text may cut.
 */
export class StopFilter {
  readonly #stops: readonly string[];
  readonly #reach: number;
  /** The end of the text so far, the held tokens included: all that a stop text can still begin in. */
  #window: string;
  #held: string[] = [];
  #heldLength = 0;
  #text = '';
  #tokens = 0;

  /** @param prefix the text so far; a stop text may begin in it, but is not looked for inside it. */
  constructor(stops: readonly string[], prefix: string) {
    this.#stops = stops.filter((stop) => stop !== '');
    this.#reach = Math.max(0, ...this.#stops.map((stop) => stop.length - 1));
    this.#window = lastOf(prefix, this.#reach);
  }

  /** Takes the next token. True when a stop text is complete: the filter is then done, and what came before it is let through. */
  push(token: string): boolean {
    if (this.#stops.length === 0) {
      this.#release(token);
      return false;
    }
    this.#window += token;
    this.#held.push(token);
    this.#heldLength += token.length;
    const found = this.#find(token.length);
    if (found >= 0) this.#cut(found);
    else this.#releaseUpTo(this.#undecided());
    this.#window = lastOf(this.#window, this.#reach + this.#heldLength);
    return found >= 0;
  }

  /** Lets everything through: no more tokens come. */
  flush(): void {
    this.#releaseUpTo(0);
  }

  /** What was let through since the last call. */
  take(): Written {
    const written = { text: this.#text, tokens: this.#tokens };
    this.#text = '';
    this.#tokens = 0;
    return written;
  }

  #release(text: string): void {
    this.#text += text;
    this.#tokens++;
  }

  /** Where in the window the first stop text begins that ends in the newest token; -1 where there is none. */
  #find(newest: number): number {
    let first = -1;
    for (const stop of this.#stops) {
      const at = this.#window.indexOf(stop, Math.max(0, this.#window.length - newest - stop.length + 1));
      if (at >= 0 && (first < 0 || at < first)) first = at;
    }
    return first;
  }

  /** How long the end of the window is that may become a stop text. */
  #undecided(): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = stop.length - 1; length > longest; length--) {
        if (this.#window.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }

  #releaseUpTo(keep: number): void {
    let count = 0;
    for (const token of this.#held) {
      if (this.#heldLength - token.length < keep) break;
      this.#heldLength -= token.length;
      this.#release(token);
      count++;
    }
    this.#held.splice(0, count);
  }

  /** Lets through what is held before `end` in the window. */
  #cut(end: number): void {
    let left = end - (this.#window.length - this.#heldLength);
    for (const token of this.#held) {
      if (left <= 0) break;
      this.#release(token.slice(0, left));
      left -= token.length;
    }
    this.#held = [];
    this.#heldLength = 0;
  }
}

const lastOf = (text: string, length: number): string => text.slice(Math.max(0, text.length - length));
