/**
 * Finds what the tests need and npm does not bring, before they run. As root on Debian or Ubuntu what is missing is
 * installed; everywhere else this says what to install, and ends with exit code 1.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, closeSync, constants, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';

interface Tool {
  readonly name: string;
  /** Any one of them will do: names that are looked for on PATH, or absolute paths. */
  readonly commands: readonly string[];
  readonly aptPackage: string;
  /** Where people get it who have no apt-get. */
  readonly elsewhere: string;
}

/** Everything that the tests need beside npm's packages. */
const tools: readonly Tool[] = [
  {
    name: 'Chromium',
    commands: [
      'chromium',
      'chromium-browser',
      'google-chrome',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    ],
    aptPackage: 'chromium',
    elsewhere: 'Chromium or Google Chrome, with the command on PATH',
  },
];

interface Surroundings {
  readonly needed?: readonly Tool[];
  readonly env?: Readonly<Record<string, string | undefined>>;
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
  const aptGet = find('apt-get', env);
  if (!aptGet || !isRoot) throw new Error(instructions(missing, aptGet !== undefined));
  const packages = missing.map(({ aptPackage }) => aptPackage);
  const logFile = join(mkdtempSync(join(tmpdir(), 'millrace-apt-')), 'apt-get.log');
  say(`The tests need ${names(missing)}: installing ${packages.join(', ')} by apt-get, see ${logFile}`);
  try {
    run(aptGet, ['update'], logFile, env);
    run(aptGet, ['install', '--yes', '--no-install-recommends', ...packages], logFile, env);
  } catch (cause) {
    const end = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
    const message = `apt-get could not install ${packages.join(', ')} (${logFile}):\n${end}\n`;
    throw new Error(message + instructions(missing, false), { cause });
  }
  const still = missing.filter((tool) => !isThere(tool, env));
  if (still.length > 0) throw new Error(`apt-get is done, and ${names(still)} is still not there (${logFile}).`);
}

const names = (some: readonly Tool[]): string => some.map(({ name }) => name).join(' and ');

const isThere = ({ commands }: Tool, env: Surroundings['env']): boolean =>
  commands.some((command) => find(command, env) !== undefined);

/** The path of a command that can be run. */
function find(command: string, { PATH = '' }: Surroundings['env'] = {}): string | undefined {
  const places = isAbsolute(command) ? [command] : PATH.split(delimiter).map((folder) => join(folder, command));
  return places.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function instructions(missing: readonly Tool[], hasAptGet: boolean): string {
  const lines = missing.map(({ name, aptPackage, elsewhere }) => {
    return `The tests need ${name}. Install ${hasAptGet ? `it as root: apt-get install ${aptPackage}` : elsewhere}`;
  });
  return lines.join('\n');
}

function run(command: string, args: readonly string[], logFile: string, env: Surroundings['env']): void {
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
