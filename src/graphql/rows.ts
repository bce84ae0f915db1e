import DataLoader from 'dataloader';

/** The rows of one answer, by id; what there is not, or may not be read, is null. */
export class Rows<Row extends { readonly id: string }> extends DataLoader<string, Row | null> {
  readonly #found: Map<string, Row>;

  /** @param mayRead a promise only where it has to be asked for: most are answered at once */
  constructor(load: (ids: readonly string[]) => Promise<Row[]>, mayRead: (row: Row) => boolean | Promise<boolean>) {
    const found = new Map<string, Row>();
    super(async (ids) => {
      const asked: Promise<unknown>[] = [];
      for (const row of await load(ids)) {
        const answer = mayRead(row);
        if (answer === true) found.set(row.id, row);
        else if (answer) asked.push(answer.then((may) => may && found.set(row.id, row)));
      }
      if (asked.length > 0) await Promise.all(asked);
      return ids.map((id) => found.get(id) ?? null);
    });
    this.#found = found;
  }

  /** As `load`; one that is here already at once, and not in a promise that waits for another batch. */
  get(id: string): Row | Promise<Row | null> {
    return this.#found.get(id) ?? this.load(id);
  }

  /** With one that is known before it is asked for. */
  with(row: Row): this {
    this.#found.set(row.id, row);
    return this.prime(row.id, row);
  }
}

/** What becomes of a value; in a promise only where the value is. */
export const whenHere = <Value, Made>(
  value: Value | Promise<Value>,
  make: (value: Value) => Made | Promise<Made>,
): Made | Promise<Made> => (value instanceof Promise ? value.then(make) : make(value));
