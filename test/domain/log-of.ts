import type { Entry } from '../../src/domain/entry.ts';
import { below } from '../random.ts';

const letters = ['a', 'b ', 'ç', '鯨', '🐋', '\n'];

/** A whole log at random: texts and attempts that keep some, none or all of what was there. */
export function randomLog(random: () => number, length = 30): Entry[] {
  const entries: Entry[] = [{ type: 'queued', at: 0 }];
  let text = '';
  let attempt = 0;
  const start = (keptLength: number) => {
    // A pair is kept whole, or not at all.
    text = /^[\ud800-\udbff]$/.test(text.charAt(keptLength - 1))
      ? text.slice(0, keptLength - 1)
      : text.slice(0, keptLength);
    entries.push({
      type: 'attemptStarted',
      at: 0,
      attempt: ++attempt,
      backend: 'b',
      keptLength: text.length,
      keptTokens: 0,
    });
  };
  start(0);
  for (let i = 0; i < length; i++) {
    if (random() < 0.15) start([0, text.length, below(random, text.length + 1)][below(random, 3)] ?? 0);
    else {
      const added = letters[below(random, letters.length)] ?? '';
      entries.push({ type: 'textAppended', at: 0, position: text.length, text: added, tokens: 1 });
      text += added;
    }
  }
  const usage = { promptTokens: 1, completionTokens: 1 };
  entries.push({ type: 'ended', at: 0, status: 'COMPLETED', finishReason: 'STOP', usage, error: null });
  return entries;
}
