/**
 * The values without duplicates, filled up to a power of two by the last of them: for `in (...)`, so that lists of
 * every length share a few statements that stay prepared.
 */
export function inList<Value>(values: readonly Value[]): Value[] {
  const list = [...new Set(values)];
  const last = list.at(-1);
  if (last === undefined) return list;
  const size = 2 ** Math.ceil(Math.log2(list.length));
  return list.concat(Array<Value>(size - list.length).fill(last));
}
