/**
 * Checks what a program can check of the house's rules: the lengths of files and functions, who imports whom, names.
 * Prints each breach with its place; exit code 1 where there is one. Import cycles are Biome's to find.
 */
import { fileURLToPath } from 'node:url';
import { budgets } from './house/budgets.ts';
import { rules } from './house/rules.ts';
import { type Breach, readSources } from './house/source.ts';

/** Everything in the project at `root` that breaks a rule. */
export function checkHouse(root: string): Breach[] {
  const src = readSources(root, 'src');
  return [
    ...src.flatMap(rules),
    ...budgets({ src, test: [...readSources(root, 'test'), ...readSources(root, 'bench')] }),
  ];
}

if (import.meta.main) {
  const breaches = checkHouse(fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, ''));
  for (const { path, line, message } of breaches) console.error(`${path}:${line}  ${message}`);
  process.exitCode = breaches.length > 0 ? 1 : 0;
}
