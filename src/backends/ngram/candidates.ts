const ID = 0xffff;
const ONE = 0x10000;

/** Weights added up, of the list that is being picked from; shared, since picking never waits. */
let sums = new Float64Array(1024);

/**
 * Tokens that may come next and how often each did. Count and id are packed into one number, so that a list of numbers
 * is all there is to sort and to keep: counts and ids up to 65,535.
 */
export class Candidates {
  #packed = new Uint32Array(16);
  #size = 0;

  clear(): void {
    this.#size = 0;
  }

  /** Counts one occurrence. Equal ids come one after another. */
  add(id: number): void {
    const low = ID - id;
    const last = this.#packed[this.#size - 1];
    if (this.#size > 0 && last !== undefined && (last & ID) === low) {
      this.#packed[this.#size - 1] = last + ONE;
      return;
    }
    if (this.#size === this.#packed.length) this.#grow();
    this.#packed[this.#size++] = ONE + low;
  }

  #grow(): void {
    const packed = this.#packed;
    this.#packed = new Uint32Array(packed.length * 2);
    this.#packed.set(packed);
  }

  /** Puts the likeliest last; of two that came equally often, the smaller id counts as likelier. */
  sort(): void {
    this.#packed.subarray(0, this.#size).sort();
  }

  /**
   * Picks one; the list must be sorted.
   *
   * @param temperature 0 takes the likeliest; 1 takes each as often as the corpus did.
   * @param topP takes only from the likeliest few that together have this share of the probability.
   * @param draw in [0, 1); the same draw picks the same token.
   * @throws RangeError where the list is empty.
   */
  pick(temperature: number, topP: number, draw: number): number {
    if (this.#size === 0) throw new RangeError('There is no token to pick');
    if (temperature <= 0 || this.#size === 1) return this.#idAt(0);
    const total = this.#addUp(1 / temperature);
    let mass = total;
    for (let index = 0; topP < 1 && index < this.#size; index++) {
      mass = sums[index] ?? total;
      if (mass >= topP * total) break;
    }
    let picked = 0;
    while (picked < this.#size - 1 && (sums[picked] ?? 0) <= draw * mass) picked++;
    return this.#idAt(picked);
  }

  /** The id of the likeliest, the second likeliest and so on. */
  #idAt(index: number): number {
    return ID - ((this.#packed[this.#size - 1 - index] ?? 0) & ID);
  }

  /** Fills `sums`, the likeliest first. Weights are relative to the likeliest, which keeps high powers finite. */
  #addUp(power: number): number {
    if (sums.length < this.#size) sums = new Float64Array(this.#size * 2);
    const highest = (this.#packed[this.#size - 1] ?? 0) >>> 16;
    let count = 0;
    let weight = 0;
    let sum = 0;
    for (let index = 0; index < this.#size; index++) {
      const here = (this.#packed[this.#size - 1 - index] ?? 0) >>> 16;
      if (here !== count) {
        count = here;
        weight = (count / highest) ** power;
      }
      sum += weight;
      sums[index] = sum;
    }
    return sum;
  }
}
