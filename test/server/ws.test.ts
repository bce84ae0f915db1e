import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket, { type ClientOptions } from 'ws';
import { logTopic } from '../../src/log/log.ts';
import type { TestApp } from '../graphql/app.ts';
import { stallsAfter, startScriptedApp } from '../graphql/scripted-app.ts';
import { generate } from '../graphql/verbs.ts';
import { connect, openSocket, subscribe } from './raw-socket.ts';

let app: TestApp;
let url = '';
let stop: () => PromiseLike<void>;
/** Log topics that somebody listens to. */
const topics = new Map<string, number>();
beforeAll(async () => {
  const scripted = await startScriptedApp([stallsAfter('Call me')], {
    alter: ({ store, bus }) => ({
      store: {
        ...store,
        usage: { ...store.usage, totals: () => Promise.reject(new Error('the disk is on fire')) },
        conversations: { ...store.conversations, byIds: () => Promise.reject(new Error('the disk is on fire')) },
      },
      bus: {
        ...bus,
        async subscribe(topic, listener) {
          const end = await bus.subscribe(topic, listener);
          topics.set(topic, (topics.get(topic) ?? 0) + 1);
          return () => {
            topics.set(topic, (topics.get(topic) ?? 0) - 1);
            end();
          };
        },
      },
    }),
  });
  app = scripted.app;
  stop = () => scripted[Symbol.asyncDispose]();
  url = `${(await app.listen()).replace('http', 'ws')}/graphql`;
});
afterAll(() => stop());

describe('over WebSocket', () => {
  test('queries and mutations are answered, each with one next and complete', async () => {
    const socket = await connect(url);
    socket.send(subscribe('q', 'query ($id: ID!) { model(id: $id) { name } }', { variables: { id: 'whale' } }));
    expect(await socket.next('q')).toEqual({
      id: 'q',
      type: 'next',
      payload: { data: { model: { name: 'White Whale' } } },
    });
    expect(await socket.next('q')).toEqual({ id: 'q', type: 'complete' });
    socket.send(subscribe('m', 'mutation { createConversation(input: { title: "Ws" }) { conversation { title } } }'));
    const data = { createConversation: { conversation: { title: 'Ws' } } };
    expect(await socket.next('m')).toEqual({ id: 'm', type: 'next', payload: { data } });
    expect(await socket.next('m')).toEqual({ id: 'm', type: 'complete' });
    socket.terminate();
  });

  const two = 'query A { __typename } query B { __typename }';
  test.each([
    ['a syntax error', '{ viewer {', {}, 'BAD_USER_INPUT'],
    ['an empty document', '', {}, 'BAD_USER_INPUT'],
    ['an unknown field', '{ nothing }', {}, 'BAD_USER_INPUT'],
    ['an unknown operation', two, { operationName: 'C' }, 'BAD_USER_INPUT'],
    ['two operations and no name', two, {}, 'BAD_USER_INPUT'],
    [
      'a variable of another type',
      'query ($id: ID!) { model(id: $id) { id } }',
      { variables: { id: {} } },
      'BAD_USER_INPUT',
    ],
    ['an unknown parameter', '{ __typename }', { nonsense: 1 }, 'BAD_USER_INPUT'],
    ['a subscription to nothing', 'subscription { generation(id: "gen_x") { cursor } }', {}, 'NOT_FOUND'],
    ['a subscription that breaks', 'subscription { conversation(id: "conv_x") { id } }', {}, 'INTERNAL'],
  ])('%s is an error of its own id, and the socket stays', async (_what, query, more, code) => {
    const socket = await connect(url);
    socket.send(subscribe('1', query, more));
    const { type, payload } = await socket.next('1');
    expect(type).toBe('error');
    const [error] = payload as { message: string; extensions: object }[];
    const errorId = code === 'INTERNAL' ? { errorId: expect.any(String) } : {};
    expect(error?.extensions).toEqual({ code, ...errorId });
    expect(error?.message).not.toMatch('fire');
    // The id is free again.
    socket.send(subscribe('1', '{ __typename }'));
    expect(await socket.next('1')).toEqual({ id: '1', type: 'next', payload: { data: { __typename: 'Query' } } });
    socket.terminate();
  });

  test('a resolver that throws is a next with errors, masked', async () => {
    const socket = await connect(url);
    socket.send(subscribe('1', '{ viewer { usage { generations } } }'));
    const errors = [{ path: ['viewer', 'usage'], extensions: { code: 'INTERNAL', errorId: expect.any(String) } }];
    expect(await socket.next()).toMatchObject({ id: '1', type: 'next', payload: { data: null, errors } });
    expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
    socket.terminate();
  });

  test('an id that is used again at once, three times, runs one stream', async () => {
    const id = await generate(app, 'Begin');
    const socket = await connect(url);
    const query = `subscription { generation(id: "${id}") { __typename } }`;
    for (let i = 0; i < 2; i++) {
      socket.send(subscribe('1', query));
      socket.send({ id: '1', type: 'complete' });
    }
    socket.send(subscribe('1', query));
    const types: unknown[] = [];
    for (let i = 0; i < 3; i++) types.push((await socket.next('1')).payload);
    await app.get('mutation ($id: ID!) { cancelGeneration(input: { id: $id }) { generation { id } } }', { id });
    for (let type = ''; type !== 'complete'; ) {
      const message = await socket.next('1');
      type = message.type;
      if (type === 'next') types.push(message.payload);
    }
    const names = ['GenerationQueued', 'AttemptStarted', 'TextAppended', 'GenerationEnded'];
    expect(types).toEqual(names.map((__typename) => ({ data: { generation: { __typename } } })));
    socket.send(subscribe('2', '{ __typename }'));
    await socket.next('2');
    expect(socket.unread.filter((message) => message.id === '1')).toEqual([]);
    socket.terminate();
  });

  test('complete and a lost socket leave nobody listening', async () => {
    const id = await generate(app, 'Begin');
    const query = `subscription { generation(id: "${id}") { __typename } }`;
    const [one, two, three] = [await connect(url), await connect(url), await connect(url)];
    const listeners = () => topics.get(logTopic(id)) ?? 0;
    for (const socket of [one, two]) {
      socket.send(subscribe('1', query));
      await socket.next('1');
    }
    expect(listeners()).toBe(1);
    three.send(subscribe('1', query));
    three.terminate();
    one.send({ id: '1', type: 'complete' });
    two.terminate();
    await expect.poll(listeners).toBe(0);
    one.terminate();
  });
});

describe('an upgrade is refused', () => {
  async function statusOf(address: string, options: ClientOptions = {}): Promise<number> {
    const socket = new WebSocket(address, 'graphql-transport-ws', options);
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    socket.terminate();
    return response.statusCode;
  }

  test('with 404 on another path', async () => {
    expect(await statusOf(url.replace('/graphql', '/other'))).toBe(404);
    expect(await statusOf(`${url}/x`)).toBe(404);
  });

  test('with 403 for a page of another origin; one of this machine is let in', async () => {
    for (const origin of ['http://example.com', 'null', 'http://localhost.example.com']) {
      expect(await statusOf(url, { origin })).toBe(403);
    }
    const socket = await openSocket(url, { origin: 'http://localhost:3000' });
    socket.terminate();
  });
});
