import { expect, it } from 'vitest';
import { didYouMean } from '../src/spelling.ts';

const known = ['id', 'host', 'port', 'queueTimeout'];

it.each([
  ['prot', 'port'],
  ['queueTimeot', 'queueTimeout'],
  ['QUEUE_TIMEOUT', 'queueTimeout'],
  ['q-u-e-u-e-time-out', 'queueTimeout'],
])('takes %s for %s', (word, meant) => {
  expect(didYouMean(word, known)).toBe(` Did you mean "${meant}"?`);
});

it.each(['', 'x', 'xy', 'temperature'])('takes %j for nothing that it knows', (word) => {
  expect(didYouMean(word, known)).toBe('');
});
