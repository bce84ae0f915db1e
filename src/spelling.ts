/** ` Did you mean "…"?` with the one of `known` that `word` was probably meant to be; empty where none is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = known
    .map((name) => ({ name, distance: distance(bare(word), bare(name)) }))
    .filter(({ name, distance }) => distance <= Math.ceil(name.length / 3) && distance < name.length)
    .sort((a, b) => a.distance - b.distance)[0];
  return near ? ` Did you mean "${near.name}"?` : '';
}

/** first_token, first-token and firstToken are one word to a person. */
const bare = (word: string): string => word.toLowerCase().replaceAll(/[-_]/g, '');

/** How many characters to put in, take out or replace to make `b` of `a`. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, character] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (character === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
