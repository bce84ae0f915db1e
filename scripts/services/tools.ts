import { accessSync, constants, globSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** A program that npm does not bring. */
export interface Tool {
  readonly name: string;
  /** Any one of them will do: names that are looked for on PATH, or absolute paths, where `*` may stand for a version. */
  readonly commands: readonly string[];
  readonly aptPackage: string;
  /** Where people get it who have no apt-get. */
  readonly elsewhere: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export const chromium: Tool = {
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
};

export const redis: Tool = {
  name: 'Redis',
  commands: ['redis-server'],
  aptPackage: 'redis-server',
  elsewhere: 'Redis 7 or later, with redis-server on PATH',
};

export const postgres: Tool = {
  name: 'PostgreSQL',
  commands: postgresProgram('postgres'),
  aptPackage: 'postgresql',
  elsewhere: 'PostgreSQL 15 or later, with postgres and initdb on PATH',
};

/** Where a program of the Postgres server may be: Debian keeps them away from PATH, a folder for each version. */
export function postgresProgram(name: string): string[] {
  return [name, `/usr/lib/postgresql/*/bin/${name}`];
}

/** The path of the first of the commands that can be run; of several versions the newest. */
export function find(commands: readonly string[], { PATH = '' }: Environment): string | undefined {
  return commands.flatMap((command) => places(command, PATH)).find(canRun);
}

export const isThere = ({ commands }: Tool, env: Environment): boolean => find(commands, env) !== undefined;

/** What to do about missing tools, one line each. `whose` says what needs them, as in `The tests need`. */
export function instructions(whose: string, missing: readonly Tool[], hasAptGet: boolean): string {
  const lines = missing.map(({ name, aptPackage, elsewhere }) => {
    return `${whose} ${name}. Install ${hasAptGet ? `it as root: apt-get install ${aptPackage}` : elsewhere}`;
  });
  return lines.join('\n');
}

function places(command: string, path: string): string[] {
  if (!isAbsolute(command)) return path.split(delimiter).map((folder) => join(folder, command));
  if (!command.includes('*')) return [command];
  return globSync(command).sort((a, b) => b.localeCompare(a, undefined, { numeric: true }));
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
