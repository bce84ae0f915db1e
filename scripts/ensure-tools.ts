/**
 * Finds what the tests need and npm does not bring, before they run. As root on Debian or Ubuntu what is missing is
 * installed; everywhere else this says what to install, and ends with exit code 1.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  chromium,
  type Environment,
  find,
  instructions,
  isThere,
  postgres,
  redis,
  type Tool,
} from './services/tools.ts';

const whose = 'The tests need';

/**
 * Everything that the tests need beside npm's packages. Debian's packages of Redis and PostgreSQL start services of their
 * own on the default ports. That is left as it is: to forbid it means to change how the machine installs anything
 * (policy-rc.d), and the tests start servers of their own on free ports and never touch those.
 */
const tools: readonly Tool[] = [chromium, redis, postgres];

interface Surroundings {
  readonly needed?: readonly Tool[];
  readonly env?: Environment;
  readonly isRoot?: boolean;
  /** Where progress goes; one line a call. */
  readonly say?: (line: string) => void;
}

/** Installs what is missing, where it can. @throws Error that says what is missing still, and what to do about it. */
export function ensureTools({
  needed = tools,
  env = process.env,
  isRoot = process.getuid?.() === 0,
  say = console.log,
}: Surroundings = {}): void {
  const missing = needed.filter((tool) => !isThere(tool, env));
  if (missing.length === 0) return;
  const aptGet = find(['apt-get'], env);
  if (!aptGet || !isRoot) throw new Error(instructions(whose, missing, aptGet !== undefined));
  const packages = missing.map(({ aptPackage }) => aptPackage);
  const logFile = join(mkdtempSync(join(tmpdir(), 'millrace-apt-')), 'apt-get.log');
  say(`The tests need ${names(missing)}: installing ${packages.join(', ')} by apt-get, see ${logFile}`);
  try {
    run(aptGet, ['update'], logFile, env);
    run(aptGet, ['install', '--yes', '--no-install-recommends', ...packages], logFile, env);
  } catch (cause) {
    const end = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
    const message = `apt-get could not install ${packages.join(', ')} (${logFile}):\n${end}\n`;
    throw new Error(message + instructions(whose, missing, false), { cause });
  }
  const still = missing.filter((tool) => !isThere(tool, env));
  if (still.length > 0) throw new Error(`apt-get is done, and ${names(still)} is still not there (${logFile}).`);
}

const names = (some: readonly Tool[]): string => some.map(({ name }) => name).join(' and ');

function run(command: string, args: readonly string[], logFile: string, env: Environment): void {
  const log = openSync(logFile, 'a');
  try {
    execFileSync(command, args, {
      stdio: ['ignore', log, log],
      env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } finally {
    closeSync(log);
  }
}

if (import.meta.main) {
  try {
    ensureTools();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
