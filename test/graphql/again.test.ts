import type { ExecutionResult } from 'graphql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nextOf } from '../../src/domain/polled.ts';
import type { TestApp } from './app.ts';
import { people, peopleAuth } from './people.ts';
import { stallsAfter, startScriptedApp } from './scripted-app.ts';
import { generate, read } from './verbs.ts';

/** A subscription whose document has come before takes a shorter way. What comes of it must not tell. */
const follow = `
subscription Follow($id: ID!, $after: Cursor) { generation(id: $id, after: $after) { __typename cursor } }
query Service { service { version } }`;

let scripted: Awaited<ReturnType<typeof startScriptedApp>>;
let app: TestApp;
beforeEach(async () => {
  scripted = await startScriptedApp([stallsAfter('Ish')], { auth: peopleAuth(people.ann) });
  ({ app } = scripted);
  for (const viewer of Object.values(people)) await app.parts.store.viewers.put(viewer);
});
afterEach(() => scripted[Symbol.asyncDispose]());

type Params = Parameters<TestApp['pipeline']['execute']>[0];

/** The first answer, without the cursor. */
async function first(params: Params, token?: string): Promise<unknown> {
  const result = await app.pipeline.execute(params, await app.pipeline.connect('127.0.0.1', token));
  if (!('poll' in result)) return JSON.parse(JSON.stringify(result));
  const answer = (await nextOf(result)) as ExecutionResult;
  result.close();
  return JSON.parse(JSON.stringify(answer), (name, value) => (name === 'cursor' ? 'c' : value));
}

test('a subscription whose document has come before is answered as it was the first time, right or wrong', async () => {
  const id = await generate(app, 'Call me');
  await read(app, id, 'Ish'.length);
  const base = { query: follow, operationName: 'Follow' };
  const wrong = { ...base, variables: { id, after: 'none' } };
  const asked: readonly (readonly [Params, string?])[] = [
    [{ ...base, variables: { id } }],
    [{ ...base, variables: { id: 'gen_none' } }],
    // May not read it, as long as it is not shared.
    [{ ...base, variables: { id } }, 'bob'],
    [wrong],
    [{ ...base, variables: {} }],
    [{ ...base, variables: { id: { no: 'id' } } }],
    [{ ...base, variables: { id: '\ud800' } }],
    [{ ...base, operationName: 'Other', variables: { id } }],
    [{ query: follow, variables: { id } }],
    [{ ...base, operationName: 'Service' }],
    [{ ...base, variables: { id }, more: 1 } as Params],
  ];
  const before: unknown[] = [];
  for (const [{ query, ...params }, token] of asked) {
    // Another document each time: none that has come before.
    before.push(await first({ query: `${query} # ${before.length}`, ...params }, token));
  }
  expect(before[0]).toEqual({ data: { generation: { __typename: 'GenerationQueued', cursor: 'c' } } });
  await first({ ...base, variables: { id } });
  const after: unknown[] = [];
  for (const [params, token] of asked) after.push(await first(params, token));
  expect(after).toEqual(before);
});

test('a subscription whose document has come before, and that was begun by somebody else, is its own viewer’s', async () => {
  const id = await generate(app, 'Call me');
  const mine = { query: 'subscription { myGenerations { id } }' };
  expect(await first(mine)).toEqual({ data: { myGenerations: { id } } });
  const client = await app.pipeline.connect('127.0.0.1', 'bob');
  const result = await app.pipeline.execute(mine, client);
  if (!('poll' in result)) throw new Error('It is a subscription.');
  const next = nextOf(result);
  const bobs = await app.get<{ generate: { generation: { id: string } } }>(
    'mutation { generate(input: { prompt: "x" }) { generation { id } } }',
    {},
    'bob',
  );
  expect(await next).toMatchObject({ data: { myGenerations: { id: bobs.generate.generation.id } } });
  result.close();
});
