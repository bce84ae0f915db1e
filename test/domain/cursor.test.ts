import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from '../../src/domain/cursor.ts';

const position = { epoch: 'Zx_-9', offset: 12, length: 345 };

test('a cursor gives back the position it was made of', () => {
  expect(decodeCursor('gen_1', encodeCursor('gen_1', position))).toEqual(position);
});

test('a cursor of another generation, and what is no cursor, is bad input', () => {
  const code = 'BAD_USER_INPUT';
  expect(() => decodeCursor('gen_2', encodeCursor('gen_1', position))).toThrow(expect.objectContaining({ code }));
  for (const text of ['', 'x', '12', encodeCursor('gen_1', { ...position, offset: -1 }), '…']) {
    expect(() => decodeCursor('gen_1', text), text).toThrow(expect.objectContaining({ code }));
  }
});
