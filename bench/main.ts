/**
 * `npm run bench [-- NAME…]`: runs all benches, or those that are named, and prints one table in Markdown for each, with
 * the machine and the versions. What goes on meanwhile is told on stderr.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { basename } from 'node:path';
import type { Bench, Result } from './bench.ts';

const folder = new URL('./benches/', import.meta.url);
const known = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'));

async function main(asked: readonly string[]): Promise<number> {
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`There is no bench ${unknown.join(', ')}. There are: ${known.join(', ')}.`);
    return 1;
  }
  console.log(machine());
  let failed = 0;
  for (const name of asked.length > 0 ? asked : known) {
    const { bench } = (await import(new URL(`${name}.ts`, folder).href)) as { bench: Bench };
    process.stderr.write(`${name}\n`);
    const began = performance.now();
    try {
      const result = await bench.run();
      console.log(section(bench, result, Math.round((performance.now() - began) / 1000)));
    } catch (error) {
      failed++;
      console.error(`${name} failed:`, error);
    }
  }
  return failed > 0 ? 1 : 0;
}

function machine(): string {
  const [{ model = 'unknown processor' } = {}] = cpus();
  const gigabytes = (totalmem() / 2 ** 30).toFixed(0);
  const { dependencies } = read('./package.json');
  const { version } = read('../package.json');
  const peers = Object.entries(dependencies).map(([name, exact]) => `${name} ${exact}`);
  return [
    `Millrace ${version}, Node ${process.version}, ${process.platform} ${process.arch}`,
    `${cpus().length} × ${model.trim()}, ${gigabytes} GiB`,
    `Peers: ${peers.join(', ')}`,
  ].join('  \n');
}

const read = (file: string): { version: string; dependencies: Record<string, string> } =>
  JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));

function section({ name, what }: Bench, { columns, rows, bars }: Result, seconds: number): string {
  const verdicts = bars.map((bar) => [bar.what, bar.measured, bar.bar, bar.held ? 'yes' : '**no**']);
  const parts = [`\n## ${name}\n\n${what} (${seconds} s)`, table(columns, rows)];
  if (bars.length > 0) parts.push(table(['bar', 'measured', 'is to be', 'held'], verdicts));
  return parts.join('\n\n');
}

const table = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

// Whatever was started is ended when this process exits, which a signal alone would not let it do.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

process.exitCode = await main(process.argv.slice(2));
