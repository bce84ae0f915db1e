// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is how the shell names a variable
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureTools } from '../../scripts/ensure-tools.ts';
import { temporaryFolder } from '../folder.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const loom = {
  name: 'Loom',
  commands: ['loom', 'loom2'],
  aptPackage: 'loom-server',
  elsewhere: 'it from loom.example',
};
const wheel = { name: 'Wheel', commands: ['wheel'], aptPackage: 'wheel', elsewhere: 'a wheel' };

/** Puts a command on the PATH of `ensure`. */
function command(name: string, script: string): void {
  const path = join(folder.path, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

/** Runs it on a PATH of nothing but `command`s, and gives what it said and how it ended. */
function ensure({ isRoot = true, needed = [loom, wheel] } = {}): { said: string[]; error: string | undefined } {
  const said: string[] = [];
  try {
    ensureTools({ needed, env: { PATH: folder.path }, isRoot, say: (line) => said.push(line) });
  } catch (error) {
    return { said, error: (error as Error).message };
  }
  return { said, error: undefined };
}

/** The calls of apt-get, with what they were told of people at the keyboard. */
const calls = (): string[] => {
  const file = join(folder.path, 'calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
};
const record = '/bin/echo "$* ($DEBIAN_FRONTEND)" >> "${0%/*}/calls"';

it('says and installs nothing where everything is there, under whichever name', () => {
  command('loom2', 'exit 0');
  command('wheel', 'exit 0');
  command('apt-get', record);
  expect(ensure()).toEqual({ said: [], error: undefined });
  expect(calls()).toEqual([]);
});

describe('as root, with apt-get', () => {
  it('updates once, then installs all that is missing in one go, without questions', () => {
    command('wheel', 'exit 0');
    command(
      'apt-get',
      `${record}\n[ "$1" = update ] || { /bin/cp "$0" "\${0%/*}/loom"; /bin/cp "$0" "\${0%/*}/spool"; }`,
    );
    const spool = { ...wheel, name: 'Spool', commands: ['spool'], aptPackage: 'spools' };
    const { said, error } = ensure({ needed: [loom, wheel, spool] });
    expect(error).toBeUndefined();
    expect(calls()).toEqual([
      'update (noninteractive)',
      'install --yes --no-install-recommends loom-server spools (noninteractive)',
    ]);
    expect(said).toEqual([expect.stringMatching(/Loom and Spool.*loom-server, spools.*apt-get\.log$/)]);
  });

  it('tells what apt-get said where it fails, and what else can be done', () => {
    command('apt-get', 'echo "E: Unable to locate package" >&2; exit 100');
    expect(ensure().error).toMatch(/could not install loom-server, wheel \(.*apt-get\.log\):\nE: Unable to locate/);
    expect(ensure().error).toContain('The tests need Loom. Install it from loom.example');
  });

  it('does not take its word for it', () => {
    command('apt-get', 'exit 0');
    expect(ensure({ needed: [loom] }).error).toMatch(/Loom is still not there/);
  });
});

it('tells what to install as root where it is not, and does nothing', () => {
  command('apt-get', record);
  const expected = 'The tests need Loom. Install it as root: apt-get install loom-server';
  expect(ensure({ isRoot: false, needed: [loom] })).toEqual({ said: [], error: expected });
  expect(calls()).toEqual([]);
});

it('tells what to install of each tool where there is no apt-get', () => {
  const expected = 'The tests need Loom. Install it from loom.example\nThe tests need Wheel. Install a wheel';
  expect(ensure().error).toBe(expected);
});
