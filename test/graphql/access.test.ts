import { isInterfaceType, isObjectType } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';
import { type Ground, makeGround, startAppOfPeople } from './access/ground.ts';
import { columns, table } from './access/table.ts';
import { gaps, operationFor, outcomeOf } from './access/walk.ts';
import type { TestApp } from './app.ts';

/** Who asks, and how Ann's are shared then. */
const askers: Readonly<
  Record<string, { readonly ground: keyof typeof sharings; readonly token: (at: Ground) => string }>
> = {
  admin: { ground: 'private', token: () => 'ada' },
  owner: { ground: 'private', token: () => 'ann' },
  member: { ground: 'private', token: () => 'bob' },
  reader: { ground: 'private', token: () => 'rae' },
  'm.conv': { ground: 'conversation', token: () => 'bob' },
  'r.conv': { ground: 'conversation', token: () => 'rae' },
  'r.gen': { ground: 'generation', token: () => 'rae' },
  'l.gen': { ground: 'private', token: ({ tokens }) => tokens.generation },
  'l.conv': { ground: 'private', token: ({ tokens }) => tokens.conversation },
  'l.exp': { ground: 'private', token: ({ tokens }) => tokens.expired },
};

const sharings = {
  private: {},
  conversation: { conversation: 'SIGNED_IN' },
  generation: { generation: 'SIGNED_IN' },
} as const;

let app: TestApp;
/** Where things are changed: lists in the other one stay as they are. */
let changed: TestApp;
const grounds = new Map<string, Ground>();
beforeAll(async () => {
  [app, changed] = await Promise.all([startAppOfPeople(), startAppOfPeople()]);
  for (const [name, shared] of Object.entries(sharings)) grounds.set(name, await makeGround(app, shared));
});
afterAll(() => Promise.all([app[Symbol.asyncDispose](), changed[Symbol.asyncDispose]()]));

test('the table has every field of the schema, and no other', () => {
  expect(gaps()).toEqual([]);
  expect(columns.split(' ')).toEqual(Object.keys(askers));
});

/** All that there is of Ann's, as the records have it. */
async function recordsOf({ conversation, generation, message }: Ground): Promise<unknown> {
  const { generations, conversations, links } = changed.parts.store;
  return [
    await generations.byIds([generation]),
    await conversations.byIds([conversation]),
    await conversations.messagesByIds([message]),
    await links.ofTargets([conversation, generation], Date.now()),
  ];
}

test.each([...table])('%s', async (row, expected) => {
  const found: string[] = [];
  for (const { ground: name, token } of Object.values(askers)) {
    const ground = grounds.get(name);
    if (!ground) throw new Error(`There is no ground ${name}.`);
    const changes = operationFor(row, ground).startsWith('mutation');
    found.push(await (changes ? changing(row, name, token) : outcomeOf(app, operationFor(row, ground), token(ground))));
  }
  const cells = expected.split(' ');
  const told = found.map((outcome, i) => (cells[i] === '?' && '+-'.includes(outcome) ? '?' : outcome));
  expect(`${columns}\n${told.join(' ')}`).toBe(`${columns}\n${expected}`);
});

/** The outcome of a mutation, on a ground of its own; one that is refused leaves that as it was. */
async function changing(row: string, sharing: keyof typeof sharings, token: (at: Ground) => string): Promise<string> {
  const ground = await makeGround(changed, sharings[sharing]);
  const before = await recordsOf(ground);
  const outcome = await outcomeOf(changed, operationFor(row, ground), token(ground));
  if (outcome !== '+') expect(await recordsOf(ground)).toEqual(before);
  return outcome;
}

test('the schema declares each field whose value depends on more than whether one may read what it belongs to', () => {
  const depending = [...table].flatMap(([row, cells]) => {
    const [, type = '', name = '', variant = ''] = /^(\w+)\.(\w+)(\(\w+\))?$/.exec(row) ?? [];
    const readable = table.get(`${type}.id${variant}`)?.split(' ') ?? [];
    const told = new Set(cells.split(' ').filter((_, i) => readable[i] === '+'));
    return told.size > 1 ? [`${type}.${name}`] : [];
  });
  const declared = fields().flatMap(([name, { astNode }]) =>
    astNode?.directives?.some((directive) => directive.name.value === 'viewerDependent') ? [name] : [],
  );
  expect(new Set(depending)).toEqual(new Set(declared));
});

const fields = () =>
  Object.values(schema.getTypeMap()).flatMap((type) =>
    isObjectType(type) || isInterfaceType(type)
      ? Object.values(type.getFields()).map((field) => [`${type.name}.${field.name}`, field] as const)
      : [],
  );
