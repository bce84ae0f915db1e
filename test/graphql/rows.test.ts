import { expect, test } from 'vitest';
import { Rows } from '../../src/graphql/rows.ts';

const row = (id: string) => ({ id });
const known = ['a', 'b', 'hidden', 'later', 'never'].map(row);

function rows(asked: (readonly string[])[] = []) {
  const load = async (ids: readonly string[]) => {
    asked.push(ids);
    return known.filter(({ id }) => ids.includes(id));
  };
  const answers: Record<string, boolean | Promise<boolean>> = {
    hidden: false,
    later: Promise.resolve(true),
    never: Promise.resolve(false),
  };
  return new Rows(load, ({ id }) => answers[id] ?? true);
}

test('what is asked for in one turn is one question, and what came is given at once from then on', async () => {
  const asked: (readonly string[])[] = [];
  const loader = rows(asked);
  const first = loader.get('a');
  expect(first).toBeInstanceOf(Promise);
  expect(await Promise.all([first, loader.get('b'), loader.load('a')])).toEqual(['a', 'b', 'a'].map(row));
  expect(loader.get('a')).toEqual(row('a'));
  expect(loader.get('b')).toBe(await loader.load('b'));
  expect(asked).toEqual([['a', 'b']]);
});

test('what may not be read is null, however soon that is known, and so is what there is not', async () => {
  const loader = rows();
  const found = await loader.loadMany(['hidden', 'later', 'never', 'nothing']);
  expect(found).toEqual([null, row('later'), null, null]);
  expect(await loader.get('hidden')).toBeNull();
  expect(await loader.get('never')).toBeNull();
});

test('one that is known before is not asked for', async () => {
  const asked: (readonly string[])[] = [];
  const loader = rows(asked).with(row('own'));
  expect(loader.get('own')).toEqual(row('own'));
  expect(await loader.load('own')).toEqual(row('own'));
  expect(asked).toEqual([]);
});
