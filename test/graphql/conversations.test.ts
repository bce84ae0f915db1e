import { describe, expect, test } from 'vitest';
import { says } from '../backends/scripted-steps.ts';
import { startApp } from './app.ts';
import { stallsAfter, startScriptedApp } from './scripted-app.ts';
import { converse, generate, read, rest, send } from './verbs.ts';

const titled = 'query ($id: ID!) { conversation(id: $id) { title } }';
const rename = `mutation ($id: ID!, $title: String!) {
  renameConversation(input: { id: $id, title: $title }) { conversation { id title } }
}`;
const remove = 'mutation ($id: ID!) { deleteConversation(input: { id: $id }) { deletedId } }';
const states = `subscription ($id: ID!) {
  conversation(id: $id) { title lastMessage { role text } activeGeneration { status } }
}`;

describe('sendMessage', () => {
  test('gives the model the whole conversation, oldest first', async () => {
    await using scripted = await startScriptedApp([says('Ishmael.'), says('A whale.'), says('Aye.')]);
    const { app, backend } = scripted;
    const id = await converse(app);
    for (const text of ['Call me', 'What is it?', 'Really?'])
      await read(app, (await send(app, id, text)).generation.id);
    const [first, , third] = backend.requests.map(({ body }) => body?.messages);
    expect(first).toEqual([{ role: 'user', content: 'Call me' }]);
    expect(third).toEqual([
      { role: 'user', content: 'Call me' },
      { role: 'assistant', content: 'Ishmael.' },
      { role: 'user', content: 'What is it?' },
      { role: 'assistant', content: 'A whale.' },
      { role: 'user', content: 'Really?' },
    ]);
  });

  test('answers with the message and its reply, which know each other', async () => {
    await using scripted = await startScriptedApp([says('Ishmael.')]);
    const { app } = scripted;
    const id = await converse(app);
    const { message, generation } = await send(app, id, '  Call me ');
    await read(app, generation.id);
    const query = `query ($id: ID!) { conversation(id: $id) {
      owner { id } activeGeneration { id } lastMessage { role }
      messages { nodes { id role text author { id } generation { id message { text } } conversation { id } } }
    } }`;
    const person = { id: message.id, role: 'USER', text: '  Call me ', author: { id: 'usr_local' }, generation: null };
    const reply = { id: generation.id, message: { text: 'Ishmael.' } };
    const model = { id: expect.stringMatching(/^msg_/), role: 'ASSISTANT', text: 'Ishmael.', author: null };
    expect(await app.get(query, { id })).toEqual({
      conversation: {
        owner: { id: 'usr_local' },
        activeGeneration: null,
        lastMessage: { role: 'ASSISTANT' },
        messages: {
          nodes: [
            { ...person, conversation: { id } },
            { ...model, generation: reply, conversation: { id } },
          ],
        },
      },
    });
  });

  test('makes the title from the first message, cut between words, and leaves a given one', async () => {
    await using scripted = await startScriptedApp([says('Aye.')]);
    const { app } = scripted;
    const long = 'Tell me  about the whiteness\n of the whale, and why it appalled Ishmael above all things';
    const [made, given] = [await converse(app), await converse(app, ' Loomings ')];
    for (const id of [made, given]) await read(app, (await send(app, id, long)).generation.id);
    const second = await send(app, made, 'Something else');
    await read(app, second.generation.id);
    const title = 'Tell me about the whiteness of the whale, and why it…';
    expect(await app.get(titled, { id: made })).toEqual({ conversation: { title } });
    expect(await app.get(titled, { id: given })).toEqual({ conversation: { title: 'Loomings' } });
  });

  test('is a CONFLICT while a reply is active, and adds nothing', async () => {
    await using scripted = await startScriptedApp([stallsAfter('Ish')]);
    const { app } = scripted;
    const id = await converse(app);
    const { generation } = await send(app, id, 'Call me');
    await expect(send(app, id, 'And now?')).rejects.toMatchObject({ code: 'CONFLICT' });
    await read(app, generation.id, 3);
    await expect(send(app, id, 'And now?')).rejects.toMatchObject({ code: 'CONFLICT' });
    const query = 'query ($id: ID!) { conversation(id: $id) { messages { nodes { text } } activeGeneration { id } } }';
    // The text of a running reply is what it has so far.
    expect(await app.get(query, { id })).toEqual({
      conversation: {
        messages: { nodes: [{ text: 'Call me' }, { text: 'Ish' }] },
        activeGeneration: { id: generation.id },
      },
    });
  });

  test('is taken at once after the end of the reply was read, though its row is not written yet', async () => {
    const written = Promise.withResolvers<void>();
    let settles = 0;
    await using scripted = await startScriptedApp([says('Aye.')], {
      alter: ({ store }) => {
        const settle: typeof store.generations.settle = async (...outcome) => {
          if (settles++ === 0) await written.promise;
          return store.generations.settle(...outcome);
        };
        return { store: { ...store, generations: { ...store.generations, settle } } };
      },
    });
    const { app } = scripted;
    const id = await converse(app);
    await read(app, (await send(app, id, 'One')).generation.id);
    const { generation } = await send(app, id, 'Two');
    written.resolve();
    expect(await read(app, generation.id)).toBe('Aye.');
  });

  test('sent twice with one idempotency key adds one message and one reply', async () => {
    await using scripted = await startScriptedApp([says('Aye.')]);
    const { app, backend } = scripted;
    const id = await converse(app);
    const key = { idempotencyKey: 'one' };
    const [first, again] = await Promise.all([send(app, id, 'Call me', key), send(app, id, 'Call me', key)]);
    await read(app, first.generation.id);
    const later = await send(app, id, 'Call me', key);
    expect([again.message, later.message]).toEqual([first.message, first.message]);
    expect([again.generation.id, later.generation.id]).toEqual([first.generation.id, first.generation.id]);
    expect(backend.requests).toHaveLength(1);
    await expect(send(app, id, 'Call you', key)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(generate(app, 'Call me', key)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('refuses a message with which the conversation is longer than allowed, and says what to do', async () => {
    const yaml = `
limits: { promptCharacters: 30 }
models: [{ id: ngram, backends: [{ kind: ngram, tokensPerSecond: 0 }] }]`;
    await using app = await startApp({ yaml });
    const id = await converse(app);
    const { generation } = await send(app, id, 'x'.repeat(15), { parameters: { maxTokens: 1, seed: 1 } });
    const { length } = await read(app, generation.id);
    const room = 15 - length;
    const refused = send(app, id, 'y'.repeat(room + 1));
    const message = expect.stringMatching(/31 .* 30 .*new conversation/);
    await expect(refused).rejects.toMatchObject({ code: 'BAD_USER_INPUT', message });
    await expect(send(app, id, 'y'.repeat(31))).rejects.toThrow(/31 .* 30 .*Shorten/);
    await send(app, id, 'y'.repeat(room));
  });

  test.each([
    ['an empty text', { text: ' \n' }, 'BAD_USER_INPUT'],
    ['an unknown model', { text: 'Hi', model: 'shark' }, 'BAD_USER_INPUT'],
    ['a temperature out of range', { text: 'Hi', parameters: { temperature: 3 } }, 'BAD_USER_INPUT'],
    ['an unknown conversation', { text: 'Hi', conversationId: 'conv_unknown' }, 'NOT_FOUND'],
  ])('refuses %s', async (_name, { text, ...more }, code) => {
    await using scripted = await startScriptedApp([says('Aye.')]);
    const id = await converse(scripted.app);
    await expect(send(scripted.app, id, text, more)).rejects.toMatchObject({ code });
  });
});

test('a conversation is renamed, and its title is 1 to 200 characters', async () => {
  await using scripted = await startScriptedApp([says('Aye.')]);
  const { app } = scripted;
  const id = await converse(app);
  const renamed = { renameConversation: { conversation: { id, title: 'Loomings' } } };
  expect(await app.get(rename, { id, title: ' Loomings' })).toEqual(renamed);
  for (const title of ['', ' ', 'x'.repeat(201)]) {
    await expect(app.get(rename, { id, title })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  }
  await expect(app.get(rename, { id: 'conv_x', title: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

describe('deleteConversation', () => {
  test('cancels the reply, ends its subscribers and leaves nothing of it', async () => {
    await using scripted = await startScriptedApp([stallsAfter('Ish')]);
    const { app, backend } = scripted;
    const id = await converse(app);
    const { message, generation } = await send(app, id, 'Call me');
    await read(app, generation.id, 3);
    const events = 'subscription ($id: ID!) { generation(id: $id) { __typename ... on GenerationEnded { status } } }';
    const following = rest(await app.subscribe(events, { id: generation.id }));
    const watching = rest(await app.subscribe(states, { id }));
    expect(await app.get(remove, { id })).toEqual({ deleteConversation: { deletedId: id } });
    expect((await following).at(-1)).toEqual({ generation: { __typename: 'GenerationEnded', status: 'CANCELLED' } });
    await watching;
    await (await backend.request(0)).left;
    const query = `query ($conv: ID!, $gen: ID!, $msg: ID!) {
      a: node(id: $conv) { id } b: node(id: $gen) { id } c: node(id: $msg) { id }
      viewer { conversations { nodes { id } } generations { nodes { id } } }
    }`;
    expect(await app.get(query, { conv: id, gen: generation.id, msg: message.id })).toEqual({
      ...{ a: null, b: null, c: null },
      viewer: { conversations: { nodes: [] }, generations: { nodes: [] } },
    });
    expect(await app.parts.log.heads([generation.id])).toEqual(new Map());
    await expect(app.get(remove, { id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('cancels also a reply that began while it was being deleted, and books what that took', async () => {
    let sendNow = async (): Promise<unknown> => undefined;
    await using scripted = await startScriptedApp([stallsAfter('Ish')], {
      alter: ({ store }) => {
        const conversations = {
          ...store.conversations,
          async delete(id: string) {
            await sendNow();
            return store.conversations.delete(id);
          },
        };
        return { store: { ...store, conversations } };
      },
    });
    const { app, backend } = scripted;
    const id = await converse(app);
    sendNow = async () => {
      sendNow = async () => undefined;
      // Its text is all there, so that no write of its own tells it that it is not wanted any more.
      await read(app, (await send(app, id, 'Quick')).generation.id, 3);
    };
    await app.get(remove, { id });
    await (await backend.request(0)).left;
    const viewer = { usage: { generations: 1, completionTokens: 1 }, usageByDay: [{ completionTokens: 1 }] };
    const query = '{ viewer { usage { generations completionTokens } usageByDay { completionTokens } } }';
    expect(await app.get(query)).toEqual({ viewer });
    expect(await app.parts.store.generations.unsettled()).toEqual([]);
  });
});

describe('the conversation subscription', () => {
  test('tells the state now, at once, and again after changes; the last one is never skipped', async () => {
    await using scripted = await startScriptedApp([says('Ishmael.')]);
    const { app } = scripted;
    const id = await converse(app, 'One');
    const events = await app.subscribe(states, { id });
    const next = async () => (await events.next()).value?.data;
    const conversation = { title: 'One', lastMessage: null, activeGeneration: null };
    expect(await next()).toEqual({ conversation });
    await app.get(rename, { id, title: 'Two' });
    expect(await next()).toEqual({ conversation: { ...conversation, title: 'Two' } });
    const { generation } = await send(app, id, 'Call me');
    await read(app, generation.id);
    const last = { title: 'Two', lastMessage: { role: 'ASSISTANT', text: 'Ishmael.' }, activeGeneration: null };
    let state: unknown;
    do state = await next();
    while ((state as { conversation: typeof conversation }).conversation.activeGeneration);
    expect(state).toEqual({ conversation: last });
    await events.return?.();
  });

  test('of an unknown conversation is NOT_FOUND', async () => {
    await using scripted = await startScriptedApp([says('Ishmael.')]);
    const subscribing = scripted.app.subscribe(states, { id: 'conv_unknown' });
    await expect(subscribing).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
