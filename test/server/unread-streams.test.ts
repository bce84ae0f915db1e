import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { people, peopleAuth } from '../graphql/people.ts';
import { stallsAfter, startScriptedApp } from '../graphql/scripted-app.ts';
import { generate } from '../graphql/verbs.ts';

const query = 'subscription ($id: ID!) { generation(id: $id) { cursor } }';

test('a subscription that its client can not read, or does not wait for, leaves nobody watched', async () => {
  const auth = peopleAuth();
  const watched = { now: 0, ever: 0 };
  const watch = () => {
    watched.now++;
    watched.ever++;
    return () => void watched.now--;
  };
  await using scripted = await startScriptedApp([stallsAfter('Call')], { auth: { ...auth, watch } });
  const { app } = scripted;
  await app.parts.store.viewers.put(people.ada);
  const id = await generate(app, 'Who?');
  const url = new URL(`${await app.listen()}/graphql`);
  const body = JSON.stringify({ query, variables: { id } });
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  for (let i = 0; i < 3; i++) expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(406);
  await expect.poll(() => watched).toEqual({ now: 0, ever: 3 });

  const head = `POST /graphql HTTP/1.1\r\nHost: localhost\r\naccept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  for (let i = 0; i < 5; i++) {
    const socket = connect(Number(url.port), url.hostname);
    await once(socket, 'connect');
    socket.write(`${head}\r\n\r\n${body}`, () => socket.destroy());
    await once(socket, 'close');
  }
  // Some are gone before their subscription has begun, and some after.
  expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(406);
  await expect.poll(() => watched.now).toBe(0);
});
