import { expect, test } from 'vitest';
import { NgramModel } from '../../../src/backends/ngram/model.ts';
import { Writer } from '../../../src/backends/ngram/writer.ts';

const write = (corpus: string, prompt: string, prefix = '') =>
  new Writer(new NgramModel(corpus), {
    generationId: 'gen_1',
    messages: [{ role: 'USER', text: prompt }],
    parameters: { temperature: 0, maxTokens: 3 },
    prefix,
    prefixTokens: 0,
  }).write(3).text;

test('the second word follows the prompt and the first as one text', () => {
  const corpus = 'x a b c d.\n\nb q. b q. b q.';
  expect(write(corpus, 'x a')).toBe('b c d');
  expect(write(corpus, 'x a', 'b')).toBe(' c d.');
});

test('an answer begins with a new paragraph where white space would come next', () => {
  expect(write('y b.\n\nc d.\n\nc e', 'y b.')).toBe('c d.');
});
