import { describe, expect, test } from 'vitest';
import { says } from '../backends/scripted-steps.ts';
import { startApp } from './app.ts';
import { stallsAfter, startScriptedApp } from './scripted-app.ts';
import { converse, generate, read, rest, send } from './verbs.ts';

describe('node', () => {
  test('finds an object of every type by its id', async () => {
    await using scripted = await startScriptedApp([says('Aye.')]);
    const { app } = scripted;
    const conversation = await converse(app);
    const { message, generation } = await send(app, conversation, 'Call me');
    const types = {
      [conversation]: 'Conversation',
      [message.id]: 'Message',
      [generation.id]: 'Generation',
      usr_local: 'Viewer',
      whale: 'Model',
    };
    for (const [id, type] of Object.entries(types)) {
      const node = await app.get('query ($id: ID!) { node(id: $id) { __typename id } }', { id });
      expect(node).toEqual({ node: { __typename: type, id } });
    }
  });

  test.each(['gen_x', 'conv_x', 'msg_x', 'usr_x', 'shark', '', '__proto__'])('of %j is null', async (id) => {
    await using app = await startApp();
    const query =
      'query ($id: ID!) { node(id: $id) { id } model(id: $id) { id } generation(id: $id) { id } conversation(id: $id) { id } }';
    expect(await app.get(query, { id })).toEqual({ node: null, model: null, generation: null, conversation: null });
  });
});

test('a generation tells all of itself, running and ended', async () => {
  await using scripted = await startScriptedApp([stallsAfter('Call me Ish')]);
  const { app } = scripted;
  const id = await generate(app, 'Begin');
  await read(app, id, 11);
  const query = `query ($id: ID!) { generation(id: $id) {
    model { id name } status text finishReason usage { completionTokens } queuePosition attempts error { code }
    createdAt startedAt firstTokenAt endedAt message { id }
  } }`;
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const always = { model: { id: 'whale', name: 'White Whale' }, text: 'Call me Ish', queuePosition: null, attempts: 1 };
  const times = { createdAt: time, startedAt: time, firstTokenAt: time };
  const open = { status: 'RUNNING', finishReason: null, usage: null, error: null, endedAt: null, message: null };
  expect(await app.get(query, { id })).toEqual({ generation: { ...always, ...times, ...open } });
  await app.get('mutation ($id: ID!) { cancelGeneration(input: { id: $id }) { generation { status } } }', { id });
  const ended = { status: 'CANCELLED', finishReason: 'CANCELLED', usage: { completionTokens: 3 }, endedAt: time };
  expect(await app.get(query, { id })).toEqual({ generation: { ...always, ...times, ...open, ...ended } });
});

test('service and models tell the load as it is', async () => {
  await using scripted = await startScriptedApp([stallsAfter('Ish')]);
  const { app, backend } = scripted;
  const figures = `{
    service { version load running queued requestsProcessed uptimeSeconds startedAt }
    models { id status load running queued concurrency requestsProcessed tokensPerSecond timeToFirstTokenMs
      backends { name kind status running concurrency lastError } }
  }`;
  for (let i = 0; i < 3; i++) await generate(app, 'Begin');
  await backend.request(1);
  const load = { load: 1, running: 2, queued: 1, requestsProcessed: 0 };
  const one = { name: 'one', kind: 'openai', status: 'ONLINE', running: 2, concurrency: 2, lastError: null };
  const speed = { tokensPerSecond: 0, timeToFirstTokenMs: null };
  await expect
    .poll(() => app.get(figures))
    .toMatchObject({
      service: { version: expect.stringMatching(/^\d/), uptimeSeconds: expect.any(Number), ...load },
      models: [{ id: 'whale', status: 'ONLINE', concurrency: 2, ...load, ...speed, backends: [one] }],
    });
});

describe('myGenerations', () => {
  const query = 'subscription { myGenerations { id status queuePosition attempts } }';
  interface Mine {
    myGenerations: { id: string; status: string; queuePosition: number | null; attempts: number };
  }

  test('tells those that are open now, then each whose status or place in line changes', async () => {
    await using scripted = await startScriptedApp([stallsAfter('Ish')]);
    const { app, backend } = scripted;
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.push(await generate(app, `Prompt ${i}`));
    await backend.request(1);
    const states = new Map<string, Mine['myGenerations']>();
    const events = await app.subscribe<Mine>(query);
    const until = async (condition: () => boolean) => {
      while (!condition()) {
        const { value, done } = await events.next();
        if (done) throw new Error('The subscription ended.');
        const { myGenerations } = value.data;
        states.set(myGenerations.id, myGenerations);
      }
    };
    const standing = () => ids.map((id) => states.get(id)?.queuePosition ?? states.get(id)?.status);
    await until(() => JSON.stringify(standing()) === '["RUNNING","RUNNING",1,2]');
    await app.get('mutation ($id: ID!) { cancelGeneration(input: { id: $id }) { generation { id } } }', { id: ids[0] });
    await until(() => JSON.stringify(standing()) === '["CANCELLED","RUNNING","RUNNING",1]');
    await events.return?.();
  });
});

describe('the model subscription', () => {
  test('gives each model now, one where it is asked for, and is NOT_FOUND for an unknown one', async () => {
    const backends = 'backends: [{ kind: ngram, tokensPerSecond: 0 }]';
    await using app = await startApp({ yaml: `models: [{ id: a, ${backends} }, { id: b, ${backends} }]` });
    const query = 'subscription ($id: ID) { model(id: $id) { id status requestsProcessed } }';
    const all = await app.subscribe<{ model: { id: string } }>(query);
    const first = [(await all.next()).value?.data.model.id, (await all.next()).value?.data.model.id];
    expect(first.sort()).toEqual(['a', 'b']);
    await all.return?.();
    const one = await app.subscribe<{ model: { id: string; requestsProcessed: number } }>(query, { id: 'b' });
    await read(app, await generate(app, 'Call me', { model: 'b', parameters: { maxTokens: 3 } }));
    for (;;) {
      const { model } = (await one.next()).value?.data ?? {};
      expect(model?.id).toBe('b');
      if (model?.requestsProcessed === 1) break;
    }
    await one.return?.();
    await expect(app.subscribe(query, { id: 'shark' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

test('each event of a subscription is loaded afresh', async () => {
  await using scripted = await startScriptedApp([says('Call me Ishmael')]);
  const { app } = scripted;
  const query = 'subscription ($id: ID!) { generation(id: $id) { __typename generation { status text } } }';
  type Event = { generation: { __typename: string; generation: { status: string; text: string } } };
  const id = await generate(app, 'Begin');
  const last = (await rest(await app.subscribe<Event>(query, { id }))).at(-1);
  const generation = { status: 'COMPLETED', text: 'Call me Ishmael' };
  expect(last).toEqual({ generation: { __typename: 'GenerationEnded', generation } });
});
