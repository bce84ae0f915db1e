/** What was made of the documents used last, by their text. Many large ones are not kept: a parsed token takes 400 bytes. */
export class DocumentCache<Value> {
  readonly #kept = new Map<string, Value>();
  #characters = 0;
  readonly #most: number;

  /** Keeps texts of `most` characters together, and none that alone has an eighth of that. */
  constructor(most = 256 << 10) {
    this.#most = most;
  }

  get(text: string): Value | undefined {
    const value = this.#kept.get(text);
    if (value === undefined) return undefined;
    this.#kept.delete(text);
    this.#kept.set(text, value);
    return value;
  }

  set(text: string, value: Value): void {
    if (text.length > this.#most / 8) return;
    if (!this.#kept.has(text)) this.#characters += text.length;
    this.#kept.set(text, value);
    for (const oldest of this.#kept.keys()) {
      if (this.#characters <= this.#most) break;
      this.#kept.delete(oldest);
      this.#characters -= oldest.length;
    }
  }

  delete(text: string): void {
    if (this.#kept.delete(text)) this.#characters -= text.length;
  }
}
