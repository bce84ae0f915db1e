import { StatementSync } from 'node:sqlite';

/** How many statements SQLite runs during `work`, on whichever file: the store's and the log's. */
export async function statementsOf(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const methods = ['all', 'get', 'run', 'iterate'] as const;
  const originals = methods.map((name) => [name, Reflect.get(StatementSync.prototype, name)] as const);
  for (const [name, original] of originals) {
    Reflect.set(StatementSync.prototype, name, function (this: StatementSync, ...values: unknown[]) {
      count++;
      return Reflect.apply(original, this, values);
    });
  }
  try {
    await work();
  } finally {
    for (const [name, original] of originals) Reflect.set(StatementSync.prototype, name, original);
  }
  return count;
}
