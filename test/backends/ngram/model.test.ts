import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Candidates } from '../../../src/backends/ngram/candidates.ts';
import { NgramModel } from '../../../src/backends/ngram/model.ts';
import { isBlank, tokenise } from '../../../src/backends/ngram/tokens.ts';

const book = readFileSync(new URL('../../../src/backends/ngram/moby-dick.txt', import.meta.url), 'utf8');

describe('tokens', () => {
  test('joined are the text again, whatever the text', () => {
    const texts = [book, '', ' ', "  don't  stop—\r\n\n\t‘tis 🐋️ 白鯨 e\u0301 \ud800 --- 'a' \u00a0x"];
    for (const text of texts) expect(tokenise(text).join('')).toBe(text);
  });

  test('that were cut short are one token still', () => {
    const cut = [...new Set(tokenise(book))].flatMap((token) => Array.from(token, (_, end) => token.slice(0, end + 1)));
    expect(cut.filter((part) => tokenise(part).length !== 1)).toEqual([]);
  });

  test('of the book let a paragraph begin with something to read', () => {
    const tokens = tokenise(book);
    const openings = tokens.filter((_, index) => tokens[index - 1] === '\n\n');
    expect(openings.length).toBeGreaterThan(2000);
    expect(openings.filter(isBlank)).toEqual([]);
    expect(openings.filter((token) => token.startsWith(' '))).toEqual([]);
  });
});

describe('the n-gram model', () => {
  const model = new NgramModel('a b c d. a b c e. x b c f. a b c d. b q');
  const next = (text: string) => {
    const context = tokenise(text).map((token) => model.idOf(token));
    const list = model.candidates(context);
    return new Set(Array.from({ length: 100 }, (_, index) => model.textOf(list.pick(1, 1, index / 100))));
  };

  test('asks the longest context that the corpus knows', () => {
    expect(next(' a b c')).toEqual(new Set([' d', ' e']));
    expect(next('zzz b c')).toEqual(new Set([' d', ' e', ' f']));
    expect(next('zzz c')).toEqual(new Set([' d', ' e', ' f']));
    expect(next('zzz b')).toEqual(new Set([' c', ' q']));
  });

  test('asks two words where three leave no choice', () => {
    expect(next(' x b c')).toEqual(new Set([' d', ' e', ' f']));
  });

  test('begins a paragraph where it knows nothing, and after the last word', () => {
    expect(next('')).toEqual(new Set(['a']));
    expect(next(' q')).toEqual(new Set(['\n\n']));
    expect(next(' q\n\n')).toEqual(new Set(['a']));
    expect(next(' q\n\na')).toEqual(new Set([' b']));
  });

  test('needs a corpus', () => {
    expect(() => new NgramModel(' \n')).toThrow(RangeError);
  });
});

describe('picking', () => {
  /** Counts: 10 comes 4 times; 5, 7 and 8 twice each. */
  const list = new Candidates();
  for (const id of [5, 5, 7, 7, 8, 8, 10, 10, 10, 10]) list.add(id);
  list.sort();
  const counts = (temperature: number, topP: number) => {
    const seen: Record<number, number> = {};
    for (let index = 0; index < 1000; index++) {
      const id = list.pick(temperature, topP, (index + 0.5) / 1000);
      seen[id] = (seen[id] ?? 0) + 1;
    }
    return seen;
  };

  test('follows the counts at temperature 1, their squares at 0.5, and the likeliest at 0', () => {
    expect(counts(1, 1)).toEqual({ 5: 200, 7: 200, 8: 200, 10: 400 });
    expect(counts(0.5, 1)).toEqual({ 5: 143, 7: 143, 8: 143, 10: 571 });
    expect(counts(0, 1)).toEqual({ 10: 1000 });
  });

  test('leaves out the unlikely tail with topP, the smaller id being likelier of two', () => {
    expect(counts(1, 0.4)).toEqual({ 10: 1000 });
    expect(counts(1, 0.5)).toEqual({ 5: 333, 10: 667 });
    expect(counts(1, 0.61)).toEqual({ 5: 250, 7: 250, 10: 500 });
  });

  test('keeps apart more tokens than it has room for at first', () => {
    const many = new Candidates();
    for (let id = 0; id < 5000; id++) many.add(id);
    many.sort();
    const picked = Array.from({ length: 5000 }, (_, index) => many.pick(1, 1, (index + 0.5) / 5000));
    expect(picked).toEqual(Array.from({ length: 5000 }, (_, index) => index));
  });
});
