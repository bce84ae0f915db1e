import type { Generation } from '../domain/generation.ts';

/**
 * One row for all who read the same settled generation, whenever they came: its text, which is most of it, changes no more,
 * and a slow reader holds it for as long as it reads.
 */
export class SettledRows {
  readonly #rows = new Map<string, WeakRef<Generation>>();
  readonly #gone = new FinalizationRegistry<string>((id) => {
    if (!this.#rows.get(id)?.deref()) this.#rows.delete(id);
  });

  /** The row that others have, or else this one. */
  one(row: Generation): Generation {
    if (!row.course) return row;
    const known = this.#rows.get(row.id)?.deref();
    if (known) return known;
    this.#rows.set(row.id, new WeakRef(row));
    this.#gone.register(row, row.id);
    return row;
  }
}
