import { expect, test } from 'vitest';
import { nextOf, type Polled, polled } from '../../src/domain/polled.ts';
import { Answers, answerOf } from '../../src/graphql/answers.ts';

/** A source of these values; an error among them is thrown, a promise waited for. */
function sourceOf(values: unknown[]): Polled<unknown> & { closed: number } {
  const { poll } = polled({
    async next() {
      const value = await values.shift();
      if (value instanceof Error) throw value;
      return value;
    },
    close() {},
  });
  return {
    closed: 0,
    poll,
    close() {
      this.closed++;
    },
  };
}

function answersTo(source: Polled<unknown>) {
  let closed = 0;
  const answers = new Answers({
    source,
    answer: (value) => answerOf({ data: { value } }),
    lastOf: (reason) => answerOf({ data: { broken: (reason as Error).message } }),
    onClose: () => closed++,
  });
  return { answers, closed: () => closed };
}

const all = async (answers: AsyncIterable<{ data?: unknown }>) =>
  (await Array.fromAsync(answers)).map(({ data }) => data);

test('answers each value, and closes the source after the last one', async () => {
  const source = sourceOf([1, 2]);
  const { answers, closed } = answersTo(source);
  expect(closed()).toBe(0);
  expect(await all(answers)).toEqual([{ value: 1 }, { value: 2 }]);
  expect([source.closed > 0, closed()]).toEqual([true, 1]);
  expect(await nextOf(answers)).toBeUndefined();
});

test('closes the source when the reader leaves, and says nothing more', async () => {
  const late = Promise.withResolvers<number>();
  const source = sourceOf([1, late.promise]);
  const { answers, closed } = answersTo(source);
  await nextOf(answers);
  const next = nextOf(answers);
  answers.close();
  expect([source.closed > 0, closed()]).toEqual([true, 1]);
  late.resolve(2);
  expect([await next, await nextOf(answers)]).toEqual([undefined, undefined]);
});

test('a source that throws, or that is broken off in whatever moment, has one last answer', async () => {
  const failing = answersTo(sourceOf([1, new Error('no disk'), 2]));
  expect(await all(failing.answers)).toEqual([{ value: 1 }, { broken: 'no disk' }]);
  expect(failing.closed()).toBe(1);

  const between = answersTo(sourceOf([1, 2]));
  await nextOf(between.answers);
  between.answers.breakOff(new Error('out'));
  expect(await all(between.answers)).toEqual([{ broken: 'out' }]);

  const late = Promise.withResolvers<number>();
  const waiting = answersTo(sourceOf([late.promise, 2]));
  const rest = all(waiting.answers);
  waiting.answers.breakOff(new Error('out'));
  late.resolve(1);
  expect(await rest).toEqual([{ broken: 'out' }]);
});

test('is written as JSON once', () => {
  let asked = 0;
  const data = { toJSON: () => ++asked };
  const answer = answerOf({ data: { data } });
  const [first, second] = [answer.json(), answer.json()];
  expect([String(first), second === first, asked]).toEqual(['{"data":{"data":1}}', true, 1]);
});
