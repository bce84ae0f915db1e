import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkHouse } from '../../scripts/check-house.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-house-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** The places of all breaches in a project of these files. */
function breaches(files: Record<string, string>): string[] {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return checkHouse(root).map(({ path, line, message }) => `${path}:${line} ${message}`);
}

const lines = (count: number) => '// a line\n'.repeat(count);
const someFiles = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`src/domain/small${i}.ts`, lines(5)]));
const longFunction = (count: number) => `export function long() {\n${lines(count - 2)}}\n`;

describe('imports', () => {
  it('passes what goes to a contract in the direction of the table, and whatever lies in the same part', () => {
    const found = breaches({
      'src/log/tail.ts': "import '../domain/any/file.ts';\nimport '../bus/bus.ts';\nimport './sql.ts';\n",
      'src/generation/run.ts': "import '../backends/backend.ts';\nimport 'node:fs';\n",
      'src/console/app.tsx': "import '../client/index.ts';\n",
      'src/config.ts': "import './config/shape.ts';\nimport { readFileSync } from 'node:fs';\n",
      'src/compose.ts': "import './log/sql.ts';\nawait import('./backends/ngram/ngram.ts');\n",
    });
    expect(found).toEqual([]);
  });

  it.each([
    ['a sibling behind a contract', "import '../backends/openai.ts';", 'src/backends/openai.ts, which is no contract'],
    ['a type of such', "import type { A } from '../backends/openai.ts';", 'which is no contract'],
    ['what is imported when it runs', "await import('../backends/openai.ts');", 'which is no contract'],
    ['a type in place', "export let a: import('../backends/openai.ts').A;", 'which is no contract'],
    ['the wrong direction', "import '../server/server.ts';", 'generation imports server'],
    ['what is exported again', "export { a } from '../server/server.ts';", 'generation imports server'],
    ['a file of src that is not for it', "import '../config.ts';", 'generation imports config'],
  ])('finds %s', (_, line, message) => {
    const found = breaches({ 'src/generation/run.ts': `// first line\n${line}\n` });
    expect(found).toContainEqual(expect.stringMatching(/^src\/generation\/run\.ts:2 /));
    expect(found.join('\n')).toContain(message);
  });

  it('asks for a part of src that it does not know', () => {
    expect(breaches({ 'src/misc/a.ts': '' })).toEqual([expect.stringContaining('src/misc is not in the table')]);
  });
});

describe('the environment', () => {
  it.each([
    'process.env.A;',
    "process['env'];",
    'globalThis.process.env;',
    'const { env } = process;',
    "import { env } from 'node:process';",
    "import { env as e } from 'process';",
  ])('is found where it is read by %s', (line) => {
    expect(breaches({ 'src/domain/a.ts': `\n${line}\n` })).toEqual([
      expect.stringMatching(/^src\/domain\/a\.ts:2 reads the environment/),
    ]);
  });

  it('is read in config.ts, and may be spoken of anywhere', () => {
    const text =
      "// process.env\nexport const a = 'process.env', env = { env: 1 }.env;\nimport { env as x } from './b.ts';\n";
    expect(breaches({ 'src/config.ts': 'process.env;\n', 'src/domain/a.ts': text })).toEqual([]);
  });
});

describe('names and lists', () => {
  it.each(['src/domain/utils.ts', 'src/domain/stringHelpers.ts', 'src/domain/impl/a.ts', 'src/domain/log-manager.ts'])(
    'refuses %s',
    (path) => {
      expect(breaches({ [path]: '' })).toEqual([expect.stringContaining('names nothing')]);
    },
  );

  it('allows one public list, and no other file that exports what is another one’s', () => {
    const list = "export * from './a.ts';\n";
    expect(breaches({ 'src/client/index.ts': list })).toEqual([]);
    expect(breaches({ 'src/client/index.ts': list, 'src/domain/index.ts': list })).toHaveLength(2);
  });

  it('counts the methods of a contract', () => {
    const contract =
      'export interface Bus {\n  a(): void;\n  b(): void;\n  c(): void;\n  d(): void;\n  name: string;\n';
    expect(breaches({ 'src/bus/bus.ts': `${contract}}\n` })).toEqual([]);
    expect(breaches({ 'src/bus/bus.ts': `${contract}  e(): void;\n}\n` })).toEqual([
      'src/bus/bus.ts:1 Bus has 5 methods; at most 4',
    ]);
  });
});

describe('lengths', () => {
  it('lets one file in ten be over 250 lines, and none over 400', () => {
    const nine = someFiles(9);
    const two = { 'src/domain/long.ts': lines(251), 'src/domain/other.ts': lines(251) };
    expect(breaches({ ...nine, 'src/domain/long.ts': lines(400) })).toEqual([]);
    expect(breaches({ ...nine, 'src/domain/long.ts': lines(401) })).toEqual([
      'src/domain/long.ts:1 a file of 401 lines; at most 400',
    ]);
    expect(breaches({ ...someFiles(17), ...two })).toEqual([
      'src/domain/long.ts:1 a file of 251 lines; 2 of 19 are over 250, at most one in ten may be',
      'src/domain/other.ts:1 a file of 251 lines; 2 of 19 are over 250, at most one in ten may be',
    ]);
    expect(breaches({ ...someFiles(18), ...two })).toEqual([]);
  });

  it('wants half of the files at no more than 80 lines', () => {
    expect(breaches({ 'src/domain/a.ts': lines(80) })).toEqual([]);
    expect(breaches({ 'src/domain/a.ts': lines(81) })).toEqual([expect.stringMatching(/^src:1 /)]);
  });

  it('lets one function in ten be over 45 lines, and none over 80', () => {
    const nine = 'function short() {\n}\n'.repeat(9);
    const spread = (text: string) => ({ ...someFiles(10), 'src/domain/a.ts': text });
    expect(breaches(spread(nine + longFunction(80)))).toEqual([]);
    expect(breaches(spread(nine + longFunction(81)))).toEqual([
      'src/domain/a.ts:19 a function of 81 lines; at most 80',
    ]);
    const expressions = 'export const a = () => 1;\n'.repeat(30);
    expect(breaches(spread(nine + expressions + longFunction(46).repeat(2)))).toHaveLength(2);
    expect(breaches(spread(`class A {\n  m() {\n${lines(80)}  }\n}\nconst f = () => {\n${lines(80)}};`))).toHaveLength(
      2,
    );
  });

  it('looks at tests and benches for the length of files alone, and at nothing generated or installed', () => {
    const found = breaches({
      'test/a.test.ts': longFunction(250),
      'test/b.test.ts': lines(401),
      'bench/c.ts': lines(401),
      'bench/node_modules/d/utils.ts': longFunction(500),
      'src/graphql/generated/utils.ts': longFunction(500),
    });
    expect(found).toEqual([
      'test/b.test.ts:1 a test file of 401 lines; at most 400',
      'bench/c.ts:1 a test file of 401 lines; at most 400',
    ]);
  });
});
