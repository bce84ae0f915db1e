import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isEnumType, isInputObjectType, isInterfaceType, isObjectType, isSpecifiedScalarType } from 'graphql';
import { describe, expect, test } from 'vitest';
import { Cursor, DateTime } from '../../src/graphql/resolvers/scalars.ts';
import { schema } from '../../src/graphql/schema.ts';
import { temporaryFolder } from '../folder.ts';

const types = Object.values(schema.getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
);

test('every type, field, input field and enum value has a description', () => {
  const bare = types.flatMap((type) => {
    const parts =
      isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)
        ? Object.values(type.getFields())
        : isEnumType(type)
          ? type.getValues()
          : [];
    const names = parts.filter(({ description }) => !description).map(({ name }) => `${type.name}.${name}`);
    return type.description ? names : [type.name, ...names];
  });
  expect(types.length).toBeGreaterThan(40);
  expect(bare).toEqual([]);
});

test('what is said of the error codes is said of codes that there are', () => {
  const sdl = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');
  const said = new Set(
    [...sdl.matchAll(/Errors: ([^.]*)/g)].flatMap(([, text]) => text?.match(/[A-Z]+_[A-Z_]+|CONFLICT|FORBIDDEN/g)),
  );
  expect([...said].sort()).toEqual([
    'BAD_USER_INPUT',
    'CONFLICT',
    'FORBIDDEN',
    'NOT_FOUND',
    'QUOTA_EXCEEDED',
    'RATE_LIMITED',
  ]);
});

describe('scalars', () => {
  test('DateTime is milliseconds inside and RFC 3339 in UTC outside', () => {
    expect(DateTime.serialize(1_795_373_064_123)).toBe('2026-11-22T18:44:24.123Z');
    expect(DateTime.parseValue('2026-11-22T19:44:24.123+01:00')).toBe(1_795_373_064_123);
  });

  test.each(['2026-11-22', 'yesterday', '2026-13-01T00:00:00Z', '2026-11-22T18:44:24', '5', 5, null, {}])(
    '%j is no DateTime',
    (value) => {
      expect(() => DateTime.parseValue(value)).toThrow('DateTime');
    },
  );

  test.each([5, null, {}, ['x']])('%j is no Cursor', (value) => {
    expect(() => Cursor.parseValue(value)).toThrow('Cursor');
  });
});

test('the check of generated code passes as it is, and fails once the schema has changed', () => {
  const folder = temporaryFolder();
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const check = () => {
    const command = join(root, 'node_modules/.bin/graphql-codegen');
    const { status, stdout, stderr } = spawnSync(command, ['--check'], { cwd: folder.path, encoding: 'utf8' });
    return { status, output: stdout + stderr };
  };
  symlinkSync(join(root, 'node_modules'), join(folder.path, 'node_modules'));
  for (const each of ['package.json', 'codegen.ts', 'schema.graphql', 'src/graphql', 'src/client']) {
    mkdirSync(join(folder.path, each, '..'), { recursive: true });
    cpSync(join(root, each), join(folder.path, each), { recursive: true });
  }
  expect(check()).toMatchObject({ status: 0 });
  const sdl = join(folder.path, 'schema.graphql');
  writeFileSync(sdl, readFileSync(sdl, 'utf8').replace('  requestsProcessed: Float!', '  requestsProcessed: Int!'));
  expect(check()).toMatchObject({ status: 1, output: expect.stringContaining('src/graphql/generated/resolvers.ts') });
  folder.remove();
});
