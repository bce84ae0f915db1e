import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporaryFolder } from '../folder.ts';

const script = fileURLToPath(new URL('../../scripts/cluster.ts', import.meta.url));

let folder: ReturnType<typeof temporaryFolder>;
let started: ChildProcess[];
beforeEach(() => {
  folder = temporaryFolder();
  // For Postgres, which is another user where the tests are root.
  chmodSync(folder.path, 0o755);
  started = [];
});
afterEach(async () => {
  for (const child of started) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGINT');
    await once(child, 'exit');
  }
  folder.remove();
});

/** Runs the command. `says` resolves with the first text that matches, and rejects where the command ends before. */
function cluster(env: Record<string, string | undefined> = { PATH: process.env.PATH }) {
  const child = spawn(process.execPath, [script], { cwd: folder.path, env, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let output = '';
  const looks = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const look of looks) look();
    });
  }
  const says = (pattern: RegExp) =>
    new Promise<string[]>((resolve, reject) => {
      const look = () => {
        const found = output.match(pattern);
        if (found) resolve(found);
      };
      looks.add(look);
      look();
      child.once('close', () => reject(new Error(output)));
    });
  const ended = once(child, 'close').then(([code]) => ({ code, output }));
  return { child, says, ended };
}

async function ask(url: string, query: string) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  const { data, errors } = await response.json();
  expect(errors).toBeUndefined();
  return data;
}

const urls =
  /(http:\S+graphql)\s+(http:\S+graphql)[\s\S]*?(http:\S+ready)\s+(http:\S+ready)[\s\S]*Ctrl-C stops.*kill (\d+)/;

it('starts two nodes on one set of data, reports a death, stops in order, and keeps the data', async () => {
  const first = cluster();
  const [, one = '', two = '', ...rest] = await first.says(urls);
  for (const ready of rest.slice(0, 2)) expect((await fetch(ready)).status).toBe(200);
  expect(Number(rest[2])).toBe(first.child.pid);
  const { createConversation } = await ask(one, 'mutation { createConversation(input: {}) { conversation { id } } }');
  const { id } = createConversation.conversation;
  const query = `{ conversation(id: "${id}") { id } }`;
  expect(await ask(two, query)).toEqual({ conversation: { id } });

  const again = await cluster().ended;
  expect(again).toMatchObject({ code: 1, output: expect.stringContaining('runs on') });

  const pids = readFileSync(join(folder.path, '.millrace/cluster/pids'), 'utf8');
  process.kill(Number(/^(\d+) worker-2$/m.exec(pids)?.[1]), 'SIGKILL');
  await first.says(/worker-2 \(\d+\) has died: SIGKILL\. It is not started again/);

  first.child.kill('SIGINT');
  const { code, output } = await first.ended;
  expect(code).toBe(0);
  expect(output.match(/(?<=stopped: )\w+/g)).toEqual(['api', 'worker', 'postgres', 'redis']);
  for (const [, pid] of pids.matchAll(/^(\d+)/gm)) expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');

  const next = cluster();
  const [, url = ''] = await next.says(urls);
  expect(await ask(url, query)).toEqual({ conversation: { id } });
  next.child.kill('SIGTERM');
  expect(await next.ended).toMatchObject({ code: 0 });
});

it('is stopped in the middle of its start as at any other time', async () => {
  const pidFile = join(folder.path, '.millrace/cluster/pids');
  const pids = () => (existsSync(pidFile) ? readFileSync(pidFile, 'utf8') : '');
  const { child, ended } = cluster();
  await expect.poll(pids).toMatch(/redis/);
  const [pid = ''] = /^\d+/.exec(pids()) ?? [];
  child.kill('SIGTERM');
  const { code, output } = await ended;
  expect({ code, output }).toEqual({ code: 0, output: expect.not.stringContaining('graphql') });
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
});
