import { beforeAll, describe, expect, test } from 'vitest';
import type { BackendEnd, BackendRequest } from '../../src/backends/backend.ts';
import { ngramBackend } from '../../src/backends/ngram/ngram.ts';
import { tokenise } from '../../src/backends/ngram/tokens.ts';
import type { Sampling } from '../../src/domain/generation.ts';

const backend = ngramBackend({ tokensPerSecond: 0 });
const unaborted = new AbortController().signal;

const ask = (text: string, parameters: Sampling = {}, prefix = ''): BackendRequest => ({
  generationId: 'gen_1',
  messages: [{ role: 'USER', text }],
  parameters,
  prefix,
  prefixTokens: 0,
});

/** Reads a run to its end and checks what holds for every run. */
async function run(request: BackendRequest): Promise<{ text: string; tokens: number; end: BackendEnd }> {
  let text = '';
  let tokens = 0;
  const onDelta = (delta: string, count: number) => {
    expect(count).toBeGreaterThan(0);
    expect(delta).not.toBe('');
    text += delta;
    tokens += count;
    return undefined;
  };
  const end = await backend.generate(request, onDelta, unaborted);
  expect(end.usage?.completionTokens).toBe(tokens);
  return { text, tokens, end };
}

const textOf = async (...request: Parameters<typeof ask>) => (await run(ask(...request))).text;

beforeAll(() => backend.probe(unaborted));

describe('an answer', () => {
  test('has exactly as many tokens as were asked for, and re-reading it finds the same tokens', async () => {
    const { text, tokens, end } = await run(ask('Call me', { maxTokens: 2000, seed: 1 }));
    expect(tokens).toBe(2000);
    expect(tokenise(text)).toHaveLength(2000);
    expect(end).toMatchObject({ finishReason: 'LENGTH', usage: { promptTokens: 2, completionTokens: 2000 } });
  });

  test('is complete without another token, its prompt counted, where none is left', async () => {
    const { text, end } = await run(ask('The whale', { maxTokens: 0 }, 'The sea'));
    expect([text, end.finishReason, end.usage]).toEqual(['', 'LENGTH', { promptTokens: 4, completionTokens: 0 }]);
  });

  test('has 512 tokens where nothing was asked for, and none where none were', async () => {
    expect((await run(ask('Call me'))).tokens).toBe(512);
    const none = await run(ask('Call me', { maxTokens: 0 }));
    expect(none).toMatchObject({ text: '', end: { finishReason: 'LENGTH' } });
  });

  test('goes on where the last message ends, as far as the book knows its words', async () => {
    for (const prompt of ['Call me', 'What is xyzzy?\n\nCall me', 'Call me xyzzy', 'Call me \n']) {
      expect(await textOf(prompt, { maxTokens: 1 })).toBe('Ishmael');
    }
    expect(await textOf('xyzzy', { maxTokens: 8 })).toMatch(/^\S/);
    expect(await textOf('', { maxTokens: 8 })).toMatch(/^\S/);
  });

  test('is the same for the same seed, and another for another seed', async () => {
    const texts = await Promise.all([1, 1, 2, -1, 2 ** 40 + 1].map((seed) => textOf('The whale', { seed })));
    expect(texts[1]).toBe(texts[0]);
    expect(new Set(texts).size).toBe(4);
  });

  test('without a seed is the same in every attempt of a generation, and another in another', async () => {
    const text = await textOf('The whale');
    expect(await textOf('The whale')).toBe(text);
    expect((await textOf('The whale', { maxTokens: 600 })).startsWith(text)).toBe(true);
    expect((await run({ ...ask('The whale'), generationId: 'gen_2' })).text).not.toBe(text);
  });

  test('has 512 tokens where nothing is said, also when it is continued', async () => {
    const { text, tokens } = await run(ask('The whale'));
    expect(tokens).toBe(512);
    const prefix = text.slice(0, text.indexOf(' ', 700));
    expect(prefix + (await run(ask('The whale', {}, prefix))).text).toBe(text);
  });

  test('takes the likeliest word at temperature 0 and at a tiny topP, whatever the seed', async () => {
    const likeliest = await textOf('The whale', { temperature: 0, seed: 1 });
    expect(await textOf('The whale', { temperature: 0, seed: 2 })).toBe(likeliest);
    expect(await textOf('The whale', { topP: 0.000_001, seed: 3 })).toBe(likeliest);
    expect(await textOf('The whale', { temperature: 0.000_001, seed: 4 })).not.toContain('undefined');
    expect(await textOf('The whale', { seed: 2 })).not.toBe(likeliest);
  });

  test('counts all messages and the prefix as prompt', async () => {
    const messages = [
      { role: 'SYSTEM', text: 'Be brief.' },
      { role: 'USER', text: "Don't stop" },
    ] as const;
    const { end } = await run({ ...ask('', { maxTokens: 3 }, 'The whale,'), messages });
    expect(end.usage).toEqual({ promptTokens: 3 + 3 + 3, completionTokens: 3 });
  });
});

describe('a continued answer', () => {
  test('equals the uninterrupted one wherever it was cut, between tokens and inside them', async () => {
    let cuts = 0;
    for (let seed = 0; seed < 12; seed++) {
      const parameters = { seed, temperature: seed % 3 ? 1 : 0.8, topP: seed % 2 ? 1 : 0.9 };
      const prompt = ['Call me', 'xyzzy', 'What did Ahab say?', ''][seed % 4] ?? '';
      const whole = await textOf(prompt, { ...parameters, maxTokens: 100 });
      const boundaries = new Map<number, number>();
      let length = 0;
      tokenise(whole).forEach((token, index) => {
        boundaries.set(length, 100 - index);
        length += token.length;
      });
      for (let cut = 0, left = 100; cut < whole.length; cut++, cuts++) {
        left = boundaries.get(cut) ?? left;
        const rest = await run(ask(prompt, { ...parameters, maxTokens: left }, whole.slice(0, cut)));
        if (rest.text !== whole.slice(cut)) expect({ seed, cut, rest: rest.text }).toEqual({ rest: whole.slice(cut) });
      }
    }
    expect(cuts).toBeGreaterThan(4000);
  });

  test('re-reads into the tokens it was made of, for many seeds', async () => {
    for (let seed = 0; seed < 100; seed++) {
      const { text, tokens } = await run(ask(`Tell me ${seed}`, { seed, maxTokens: 300, temperature: 2 }));
      if (tokenise(text).length !== tokens) expect({ seed, text, tokens }).toBeUndefined();
    }
  });

  test('goes on sensibly from text that the model would not have written', async () => {
    for (const prefix of ['xyzzy', 'the 🐋', ' ', '\n\n\n', '\t', 'Hello {', '白鯨', "'", 'Call me Ishm']) {
      const { text, tokens } = await run(ask('The whale', { maxTokens: 40, seed: 5 }, prefix));
      expect(tokens).toBe(40);
      expect(text.trim()).not.toBe('');
    }
    for (let seed = 0; seed < 50; seed++) {
      expect(await textOf('The whale', { maxTokens: 8, seed }, 'xyzzy')).toMatch(/^[^\p{L}\p{N}"“]/u);
    }
  });

  test('asks for nothing about the prefix but its text', async () => {
    const request = ask('The whale', { seed: 6 }, 'The whale');
    expect((await run({ ...request, prefixTokens: 77 })).text).toBe((await run(request)).text);
  });
});

describe('a stop text', () => {
  const parameters = { seed: 9, maxTokens: 120 };

  test('ends the answer before it, wherever it begins and ends', async () => {
    const whole = await textOf('The whale', parameters);
    for (let from = 0; from < whole.length - 40; from += 3) {
      const stop = [whole.slice(from, from + 1 + (from % 37)), 'xyzzy', ''];
      const { text, end } = await run(ask('The whale', { ...parameters, stop }));
      expect(end.finishReason).toBe('STOP');
      expect(text).toBe(whole.slice(0, whole.indexOf(stop[0] ?? '')));
    }
  });

  test('is found in a continued answer too, also where it began in the prefix', async () => {
    const whole = await textOf('The whale', parameters);
    const stop = whole.slice(200, 230);
    expect(whole.indexOf(stop)).toBe(200);
    for (let cut = 0; cut < 230; cut++) {
      const { text, end } = await run(ask('The whale', { ...parameters, stop: [stop] }, whole.slice(0, cut)));
      expect(end.finishReason).toBe('STOP');
      expect(text).toBe(whole.slice(cut, Math.max(cut, 200)));
    }
  });

  test('that does not come about leaves the text whole', async () => {
    const whole = await textOf('The whale', parameters);
    const { text, end } = await run(ask('The whale', { ...parameters, stop: [`${whole.slice(-30)} xyzzy`] }));
    expect(end.finishReason).toBe('LENGTH');
    expect(text).toBe(whole);
  });
});
