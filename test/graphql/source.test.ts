import { describe, expect, test } from 'vitest';
import type { Source } from '../../src/generation/generation.ts';
import { iterate } from '../../src/graphql/source.ts';
import { stallsAfter, startScriptedApp } from './scripted-app.ts';
import { generate } from './verbs.ts';

/** Gives what it is told, and counts how often it is closed. */
function sourceOf(...answers: (() => Promise<number | undefined>)[]): Source<number> & { closed: number } {
  const pending = Promise.withResolvers<undefined>();
  return {
    closed: 0,
    next: () => answers.shift()?.() ?? pending.promise,
    close() {
      this.closed++;
      pending.resolve(undefined);
    },
  };
}

describe('a source as an iterator', () => {
  test('gives its values, each after onPull, then ends and is closed', async () => {
    const source = sourceOf(
      async () => 1,
      async () => undefined,
    );
    const order: string[] = [];
    const values = iterate(
      source,
      (value) => order.push(`map ${value}`),
      () => order.push('pull'),
    );
    expect([await values.next(), await values.next()]).toEqual([
      { done: false, value: 2 },
      { done: true, value: undefined },
    ]);
    expect([order, source.closed]).toEqual([['pull', 'map 1'], 1]);
  });

  test('that fails is closed, and the error is told', async () => {
    const source = sourceOf(() => Promise.reject(new Error('the disk is on fire')));
    await expect(iterate(source, Number, () => {}).next()).rejects.toThrow('the disk is on fire');
    expect(source.closed).toBe(1);
  });

  test('ends a next that is under way when its reader leaves', async () => {
    const source = sourceOf();
    const values = iterate(source, Number, () => {});
    const next = values.next();
    await values.return?.();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

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
