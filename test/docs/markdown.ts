import { readFileSync } from 'node:fs';

export const root = new URL('../../', import.meta.url);

export const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** The code blocks whose opening line is ``` and `info`. */
export function blocks(markdown: string, info: string): string[] {
  return [...markdown.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].flatMap(([, given, code = '']) =>
    given === info ? [code] : [],
  );
}

/** The rows of the table whose first column is called `first`, each as its cells. */
export function table(markdown: string, first: string): string[][] {
  const [, lines = ''] = new RegExp(`^\\| ${first} +\\|.*\\n\\| *-.*\\n((?:\\|.*\\n)+)`, 'm').exec(markdown) ?? [];
  const rows = lines.trimEnd().split('\n');
  return rows.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What a cell says, where that is nothing but code. */
export const code = (cell = ''): string | undefined => /^`([^`]+)`$/.exec(cell)?.[1];
