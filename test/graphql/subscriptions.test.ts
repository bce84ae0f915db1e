import { expect, test } from 'vitest';
import { startApp } from './app.ts';
import { stallsAfter, startScriptedApp } from './scripted-app.ts';
import { converse, generate, send } from './verbs.ts';

test('a subscription whose source fails ends with a masked error, and listens to nothing more', async () => {
  let listening = 0;
  await using scripted = await startScriptedApp([stallsAfter('Ish')], {
    alter: ({ store, bus }) => {
      const queuePositions = () => Promise.reject(new Error('the disk is on fire'));
      const subscribe: typeof bus.subscribe = async (topic, listener) => {
        const end = await bus.subscribe(topic, listener);
        if (!topic.startsWith('viewer:')) return end;
        listening++;
        return () => {
          listening--;
          end();
        };
      };
      const generations = { ...store.generations, queuePositions };
      return { store: { ...store, generations }, bus: { ...bus, subscribe } };
    },
  });
  const { app } = scripted;
  for (let i = 0; i < 3; i++) await generate(app, 'Begin');
  const events = await app.subscribe('subscription { myGenerations { id } }');
  const answers = [];
  for await (const answer of events) answers.push(answer);
  const error = { extensions: { code: 'INTERNAL', errorId: expect.any(String) } };
  expect(answers.at(-1)?.errors).toMatchObject([error]);
  expect(app.logged.some(({ err }) => err?.message === 'the disk is on fire')).toBe(true);
  await expect.poll(() => listening).toBe(0);
});

test('each event has room for so many texts, and the next for as many again', async () => {
  await using app = await startApp();
  const id = await converse(app);
  await send(app, id, 'x'.repeat(900_000));
  const asked = (count: number) => {
    const texts = Array.from({ length: count }, (_, i) => `a${i}: messages(first: 1) { nodes { text } }`);
    return app.subscribe(`subscription ($id: ID!) { conversation(id: $id) { ${texts.join(' ')} } }`, { id });
  };
  const events = await asked(2);
  expect((await events.next()).value.errors).toBeUndefined();
  await app.get('mutation ($id: ID!) { renameConversation(input: { id: $id, title: "W" }) { conversation { id } } }', {
    id,
  });
  expect((await events.next()).value.errors).toBeUndefined();
  await events.return?.();
  const more = await asked(3);
  expect((await more.next()).value.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  await more.return?.();
});
