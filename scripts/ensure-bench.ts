/** Installs what the benches need and nothing else does, their peers, where it is not there as the lockfile has it. */
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('../bench/', import.meta.url));
// npm writes it last of all.
const installed = `${bench}node_modules/.package-lock.json`;
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(`${bench}package-lock.json`).mtimeMs)
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--prefix', bench], { stdio: ['ignore', 2, 2] });
