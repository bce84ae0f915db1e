import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atMost, type Bench, rounds, spread } from '../bench.ts';

const bin = fileURLToPath(new URL('../../bin/millrace.js', import.meta.url));

/** Seconds from the start of the process. */
interface Start {
  /** Until it says that it serves. */
  readonly serving: number;
  /** Until a query is answered. */
  readonly answered: number;
}

export const bench: Bench = {
  name: 'start',
  what: 'Seconds from the start of `millrace serve` in an empty folder to the first answer to a query, embedded.',

  async run() {
    const starts: Start[] = [];
    for (let round = 0; round < rounds; round++) starts.push(await start());
    const answered = starts.map((one) => one.answered);
    return {
      columns: ['', 's'],
      rows: [
        ['it says that it serves', spread(starts.map(({ serving }) => serving))],
        ['the first query is answered', spread(answered)],
      ],
      bars: [atMost('to the first answered query', answered, 1.5, ' s')],
    };
  },
};

async function start(): Promise<Start> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const began = performance.now();
  const since = () => (performance.now() - began) / 1000;
  const child = spawn(process.execPath, [bin, 'serve'], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: '0', MILLRACE_DRAIN_DELAY: '0s' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  try {
    let output = '';
    for await (const text of child.stdout.setEncoding('utf8')) {
      output += text;
      const [, url] = /serves (http:\S+\/graphql),/.exec(output) ?? [];
      if (url !== undefined) return { serving: since(), answered: await answer(url).then(since) };
    }
    throw new Error(`It ended too early:\n${output}`);
  } finally {
    child.kill('SIGKILL');
    await exit;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function answer(url: string): Promise<void> {
  const body = JSON.stringify({ query: '{ models { id status } }' });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { errors } = (await response.json()) as { errors?: unknown };
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
}
