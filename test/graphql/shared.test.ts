import { afterEach, beforeEach, expect, test } from 'vitest';
import { nextOf } from '../../src/domain/polled.ts';
import type { Answer } from '../../src/graphql/answers.ts';
import type { AnswerStream } from '../../src/graphql/graphql.ts';
import { people, peopleAuth } from './people.ts';
import { startScriptedApp } from './scripted-app.ts';
import { generate } from './verbs.ts';

const setVisibility =
  'mutation ($id: ID!) { setVisibility(input: { id: $id, visibility: SIGNED_IN }) { node { id } } }';
const makeLink = 'mutation ($id: ID!) { createShareLink(input: { id: $id }) { token } }';

/** How often the records were asked for generations. */
let lookups = 0;
let go: () => void;
let scripted: Awaited<ReturnType<typeof startScriptedApp>>;
/** A generation that has said `Call`, waits for `go`, and then says ` me`; Bob may read it, and so may `link`. */
let id = '';
let link = '';
beforeEach(async () => {
  const gone = Promise.withResolvers<void>();
  go = gone.resolve;
  const script = [
    { do: 'say', text: 'Call' },
    { do: 'hold', until: gone.promise },
    { do: 'say', text: ' me' },
    { do: 'stall' },
  ] as const;
  scripted = await startScriptedApp([script], {
    auth: peopleAuth(people.ann),
    alter: ({ store }) => {
      const byIds: typeof store.generations.byIds = (ids) => {
        lookups++;
        return store.generations.byIds(ids);
      };
      return { store: { ...store, generations: { ...store.generations, byIds } } };
    },
  });
  const { app } = scripted;
  for (const viewer of Object.values(people)) await app.parts.store.viewers.put(viewer);
  id = await generate(app, 'Who?');
  await app.get(setVisibility, { id });
  link = (await app.get<{ createShareLink: { token: string } }>(makeLink, { id })).createShareLink.token;
});
afterEach(() => scripted[Symbol.asyncDispose]());

async function follow(query: string, token?: string, variables: object = {}): Promise<AnswerStream> {
  const { pipeline } = scripted.app;
  const client = await pipeline.connect('127.0.0.1', token);
  const result = await pipeline.execute({ query, variables: { id, ...variables } }, client);
  if (!('poll' in result)) throw new Error(result.errors?.[0]?.message);
  return result;
}

/** Goes on where `Call` was said, and gives what each of these gets next. */
async function goOn(streams: readonly AnswerStream[]): Promise<Answer[]> {
  const next = streams.map((stream) => nextOf(stream));
  lookups = 0;
  go();
  const answers = await Promise.all(next);
  for (const stream of streams) stream.close();
  return answers.filter((answer) => answer !== undefined);
}

/** The JSON of what has said `Call`. */
async function called(stream: AnswerStream): Promise<string> {
  for (;;) {
    const answer = await nextOf(stream);
    if (!answer || answer.errors) throw new Error(String(answer?.json()));
    if (String(answer.json()).includes('"Call"')) return String(answer.json());
  }
}

/** The same for all of these. */
async function allCalled(subscribing: readonly Promise<AnswerStream>[]): Promise<AnswerStream[]> {
  const streams = await Promise.all(subscribing);
  await Promise.all(streams.map(called));
  return streams;
}

const jsonOf = (answers: readonly Answer[]) => new Set(answers.map((answer) => answer.json()));

const text = `subscription ($id: ID!, $after: Cursor) {
  generation(id: $id, after: $after) { cursor generation { status } ... on TextAppended { text } }
}`;

test('who may read a generation shares one execution and one JSON with all who ask the same, whoever they are', async () => {
  const all = [follow(text), follow(text, 'ada'), follow(text, 'bob'), follow(text, link)];
  const answers = await goOn(await allCalled(all));
  expect([answers.length, jsonOf(answers).size, lookups]).toEqual([4, 1, 1]);
  expect(String(answers[0]?.json())).toMatch(/"status":"RUNNING".*"text":" me/);
});

test('so do those who come back to the same place, and those who never left', async () => {
  const stays = await follow(text);
  const { cursor: after } = JSON.parse(await called(stays)).data.generation;
  const answers = await goOn([stays, await follow(text, 'ada', { after }), await follow(text, 'bob', { after })]);
  expect([answers.length, jsonOf(answers).size]).toEqual([3, 1]);
});

test('other variables, other operations of a document and other documents have answers of their own', async () => {
  const query = `
    subscription A($id: ID!, $named: Boolean = true) { generation(id: $id) { __typename @include(if: $named) ...Text } }
    subscription B($id: ID!, $named: Boolean = true) { generation(id: $id) { b: __typename @include(if: $named) ...Text } }
    fragment Text on TextAppended { text }`;
  const { pipeline } = scripted.app;
  const as = async (operationName: string, variables: object) => {
    const client = await pipeline.connect('127.0.0.1', undefined);
    return (await pipeline.execute({ query, operationName, variables: { id, ...variables } }, client)) as AnswerStream;
  };
  const asked = [as('A', {}), as('A', { named: true }), as('A', { named: false }), as('B', {}), follow(text)];
  const answers = (await goOn(await allCalled(asked))).map(
    (answer) => JSON.parse(String(answer.json())).data.generation,
  );
  expect(answers).toEqual([
    { __typename: 'TextAppended', text: expect.any(String) },
    { __typename: 'TextAppended', text: expect.any(String) },
    { text: expect.any(String) },
    { b: 'TextAppended', text: expect.any(String) },
    { cursor: expect.any(String), generation: { status: 'RUNNING' }, text: expect.any(String) },
  ]);
});

test('what depends on the viewer is answered to each as they may see it', async () => {
  const query = `subscription ($id: ID!) {
    generation(id: $id) { generation { ...Links } ... on TextAppended { text } }
  }
  fragment Links on Generation { shareLinks { id } }`;
  const streams = [await follow(query), await follow(query, 'bob')];
  go();
  const [anns, bobs] = await Promise.all(
    streams.map(async (stream) => {
      const answer = await nextOf(stream);
      stream.close();
      return JSON.parse(String(answer?.json()));
    }),
  );
  expect(anns.data.generation.generation.shareLinks).toHaveLength(1);
  expect(bobs.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
});
