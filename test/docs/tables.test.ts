import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { keys, load, variables, withKey } from './config.ts';
import { blocks, code, read, root, table } from './markdown.ts';

const readme = read('README.md');
const environment = table(readme, 'variable');
const yaml = table(readme, 'key');

/** Names of a table's rows, sorted. */
const names = (rows: string[][]) => rows.map(([name]) => code(name)).sort();
/** Its rows whose default is a value, not a description. */
const withDefault = (rows: string[][], column: number) =>
  rows.flatMap((row) => {
    const [name, value] = [code(row[0]), code(row[column])];
    return name && value ? [[name, value] as const] : [];
  });

describe("README's tables", () => {
  it('have every environment variable, and no other', () => {
    expect(names(environment)).toEqual(variables().sort());
  });

  it('have every option of the command, and no other', () => {
    const help = execFileSync(process.execPath, ['bin/millrace.js', '--help'], { cwd: root, encoding: 'utf8' });
    const options = [...help.matchAll(/^ +(--[a-z-]+) </gm)].map(([, option]) => option);
    expect(environment.flatMap(([, option]) => code(option) ?? [])).toEqual(options);
  });

  it('have every key of millrace.yaml, and no other', () => {
    expect(keys()).toContain('models[].timeouts.betweenTokens');
    expect(names(yaml)).toEqual(keys().sort());
  });

  it.each(withDefault(environment, 2))('tell the default of %s: %s', (name, value) => {
    expect(load('', { [name]: value })).toEqual(load(''));
  });

  it.each(withDefault(yaml, 1))('tell the default of %s: %s', (path, value) => {
    expect(load(withKey(path, value))).toEqual(load(withKey('models[].id', 'a')));
  });
});

it.each(blocks(read('docs/backends.md'), 'yaml'))(
  'docs/backends.md shows a configuration that is right: %s',
  (text) => {
    expect(load(text, { GPU_KEY: 'k', OPENAI_API_KEY: 'k' }).models).toHaveLength(1);
  },
);

test('README begins with the two commands, and .ci/run runs the second as it stands', () => {
  const [first = ''] = blocks(readme, 'sh');
  expect(readme.startsWith(`# Millrace\n\n\`\`\`sh\n${first}`)).toBe(true);
  expect(first.split('\n')).toEqual(['npm ci && npm start', 'npm ci && npm test', '']);
  expect(read('.ci/run').split('\n')).toContain('npm ci && npm test');
});

/** Files of the walks that are yet to be written, and the one public list that is to come. */
const toCome = /\bother\b|src\/client\/index\.ts/;

it.each([
  'README.md',
  'docs/streams.md',
  'docs/backends.md',
  'docs/operations.md',
  'docs/auth.md',
  'docs/limits.md',
  'docs/security.md',
  'docs/development.md',
])('%s names only files that exist', (path) => {
  const text = read(path);
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(
    ([, link = '']) => new URL(link, new URL(path, root)),
  );
  const places = [...text.matchAll(/`((?:src|test|scripts|docs)\/[\w./-]*)`/g)].map(([, place = '']) => place);
  const missing = [...links, ...places.filter((place) => !toCome.test(place)).map((place) => new URL(place, root))];
  expect(missing.filter((url) => !existsSync(url)).map(({ pathname }) => pathname)).toEqual([]);
});
