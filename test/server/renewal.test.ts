import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Viewer } from '../../src/domain/conversation.ts';
import { startApp, type TestApp } from '../graphql/app.ts';
import { people, peopleAuth } from '../graphql/people.ts';
import { openSocket, subscribe } from './raw-socket.ts';

const tokens: Readonly<Record<string, Viewer>> = {
  next: people.ada,
  demoted: { ...people.ada, role: 'READER' },
  narrowed: { ...people.ada, only: 'gen_x' },
};

let app: TestApp;
let url = '';
beforeAll(async () => {
  const auth = peopleAuth();
  app = await startApp({
    auth: {
      ...auth,
      async authenticate(credentials) {
        const viewer = tokens[credentials.token ?? ''];
        return viewer ? { viewer, credentialId: null, expiresAt: null } : auth.authenticate(credentials);
      },
    },
  });
  url = `${(await app.listen()).replace('http', 'ws')}/graphql`;
});
afterAll(() => app[Symbol.asyncDispose]());

const following = async () => {
  const socket = await openSocket(url);
  socket.send({ type: 'connection_init', payload: { token: 'ada' } });
  await socket.next();
  socket.send(subscribe('1', 'subscription { model { id } }'));
  expect(await socket.next('1')).toMatchObject({ type: 'next' });
  return socket;
};

test('a token of the same viewer and role renews a socket, streams and all', async () => {
  const socket = await following();
  socket.send({ type: 'ping', payload: { token: 'next' } });
  expect(await socket.next()).toMatchObject({ type: 'pong' });
  expect(socket.unread).toEqual([]);
  socket.terminate();
});

test.each(['demoted', 'narrowed'])('what an old token allowed does not go on under one that is %s', async (token) => {
  const socket = await following();
  socket.send({ type: 'ping', payload: { token } });
  expect(await socket.farewell).toBe('4403 This token allows something else: open another connection with it.');
});
