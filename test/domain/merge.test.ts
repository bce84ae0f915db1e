import { expect, test } from 'vitest';
import { beginning, type Position } from '../../src/domain/cursor.ts';
import type { Entry } from '../../src/domain/entry.ts';
import { type LogEvent, merge, mostText } from '../../src/domain/merge.ts';
import { Progress } from '../../src/domain/progress.ts';
import { below, seeded } from '../random.ts';
import { randomLog } from './log-of.ts';

/** A client with the two lines of the stream contract. */
function apply(answer: string, { entry }: LogEvent): string {
  if (entry.type === 'attemptStarted') return answer.slice(0, entry.keptLength);
  if (entry.type === 'textAppended') return answer.slice(0, entry.position) + entry.text;
  return answer;
}

/** In UTF-16 code units, of those of `randomLog`. */
const longestEntry = 2;

const numbered = (entries: readonly Entry[], after: number, until = entries.length) =>
  entries.slice(after, until).map((entry, index) => ({ offset: after + index + 1, entry }));

function textOf(entries: readonly Entry[]): string {
  const progress = new Progress('e');
  for (const entry of entries) progress.apply(entry);
  return progress.text;
}

test('a whole log is read in at most four events, and gives its text', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const entries = randomLog(seeded(seed));
    const events = merge(numbered(entries, 0), beginning('e'));
    expect(events.length, `seed ${seed}`).toBeLessThanOrEqual(4);
    expect(events.reduce(apply, ''), `seed ${seed}`).toBe(textOf(entries));
    expect(events.at(-1)?.entry.type).toBe('ended');
  }
});

test('a client that stops after any event and resumes by its cursor, any number of times, has the text', () => {
  for (let seed = 1; seed <= 2_000; seed++) {
    const random = seeded(seed);
    const entries = randomLog(random);
    let answer = '';
    let position: Position = beginning('e');
    let ends = 0;
    // Where texts are long they come in several; here a few characters are long.
    const most = seed % 2 === 0 ? mostText : 1 + below(random, 12);
    for (let round = 0; ends === 0; round++) {
      expect(round, `seed ${seed} does not end`).toBeLessThan(500);
      // What is there now: some more than the client has, and all of it in the end.
      const until = round > 50 ? entries.length : Math.min(entries.length, position.offset + 1 + below(random, 8));
      const events = merge(numbered(entries, position.offset, until), position, most);
      const taken = round > 50 ? events : events.slice(0, 1 + below(random, events.length));
      for (const event of taken) {
        if (event.entry.type === 'textAppended') expect(event.entry.text.length).toBeLessThan(most + longestEntry);
        answer = apply(answer, event);
        position = event.position;
        if (event.entry.type === 'ended') ends++;
      }
    }
    expect(answer, `seed ${seed}`).toBe(textOf(entries));
    expect(position.length, `seed ${seed}`).toBe(answer.length);
  }
});

test('readers who are behind come to the same places, wherever they were', () => {
  const entries = Array.from({ length: 100 }, (_, index): Entry => {
    return { type: 'textAppended', at: 0, position: 3 * index, text: 'abc', tokens: 1 };
  });
  for (let offset = 0; offset < 99; offset++) {
    const from = { epoch: 'e', offset, length: 3 * offset };
    const [event] = merge(numbered(entries, offset), from, 50);
    const reached = Math.min(300, Math.ceil((Math.floor(from.length / 50) * 50 + 50) / 3) * 3);
    expect(event?.position).toEqual({ epoch: 'e', offset: reached / 3, length: reached });
  }
});

test('a reader who keeps up is sent every entry as it is', () => {
  const entries = randomLog(seeded(7));
  let position: Position = beginning('e');
  for (const [index, entry] of entries.entries()) {
    const events = merge([{ offset: index + 1, entry }], position);
    expect(events.map((event) => event.entry)).toEqual([entry]);
    position = events[0]?.position ?? position;
    expect(position.offset).toBe(index + 1);
  }
});
