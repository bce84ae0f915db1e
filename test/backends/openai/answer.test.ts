import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BackendError } from '../../../src/backends/backend.ts';
import { Answer } from '../../../src/backends/openai/answer.ts';
import { chunk } from '../scripted-steps.ts';

const folder = new URL('../recordings/', import.meta.url);
const recordings = readdirSync(folder).filter((file) => file.endsWith('.sse'));
const source = { name: 'one', secrets: [] };

const taking = (deltas: { text: string; tokens: number }[]) => (text: string, tokens: number) => {
  deltas.push({ text, tokens });
  return undefined;
};

/** Feeds the bytes in pieces of the given size, taking after each. */
function read(bytes: Uint8Array, size = bytes.length) {
  const answer = new Answer(source);
  const deltas: { text: string; tokens: number }[] = [];
  const onDelta = taking(deltas);
  for (let at = 0; at < bytes.length; at += size) {
    answer.feed(bytes.subarray(at, at + size));
    void answer.give(onDelta);
  }
  answer.close();
  void answer.give(onDelta);
  return {
    answer,
    deltas,
    text: deltas.map(({ text }) => text).join(''),
    tokens: deltas.reduce((sum, { tokens }) => sum + tokens, 0),
  };
}

const fails = (stream: string): Pick<BackendError, 'kind' | 'message'> => {
  const { answer } = read(Buffer.from(stream));
  try {
    answer.end();
  } catch (error) {
    const { kind, message } = error as BackendError;
    return { kind, message };
  }
  throw new Error('It did not fail.');
};

describe.each(recordings)('%s', (file) => {
  const bytes = readFileSync(new URL(file, folder));

  it.each([1, 2, 3, 7, 64, 1000])('reads the same in pieces of %i bytes', (size) => {
    const { answer, text, tokens } = read(bytes, size);
    expect(text).toBe('Call me Ishmael. 🐋 Überall');
    expect(tokens).toBe(8);
    const usage = { promptTokens: 12, completionTokens: 9 };
    expect(answer.end()).toEqual({ finishReason: 'STOP', usage });
  });

  it('makes one delta of what comes in one piece', () => {
    expect(read(bytes).deltas).toEqual([{ text: 'Call me Ishmael. 🐋 Überall', tokens: 8 }]);
  });
});

describe('how an answer ends', () => {
  it.each([
    ['stop', 'STOP'],
    ['eos', 'STOP'],
    ['length', 'LENGTH'],
    ['max_tokens', 'LENGTH'],
    ['content_filter', 'CONTENT_FILTER'],
    ['tool_calls', 'TOOL_CALLS'],
    ['function_call', 'TOOL_CALLS'],
    ['because', 'OTHER'],
    ['constructor', 'OTHER'],
  ])('reads the finish reason %s as %s', (reason, expected) => {
    const { answer } = read(Buffer.from(chunk({ delta: { content: 'a' }, finish_reason: reason })));
    expect(answer.end()).toEqual({ finishReason: expected, usage: null });
  });

  it.each(['abort', 'error'])('takes an answer that the server gave up (%s) for truncated', (reason) => {
    expect(fails(`${chunk({ delta: {}, finish_reason: reason })}data: [DONE]\n\n`).kind).toBe('truncated');
  });

  it('takes [DONE] without a finish reason for an end of another kind', () => {
    const { answer } = read(Buffer.from(`${chunk({ delta: { content: 'a' } })}data: [DONE]\n\n`));
    expect(answer.end().finishReason).toBe('OTHER');
  });

  it('takes a stream that just stops, also in the middle of an event, for truncated', () => {
    expect(fails(chunk({ delta: { content: 'a' } })).kind).toBe('truncated');
    expect(fails(`${chunk({ delta: { content: 'a' } })}data: {"choices":[{"del`).kind).toBe('truncated');
    expect(fails('').kind).toBe('truncated');
  });

  it('reads a last event that lacks its blank line', () => {
    const { answer, text } = read(Buffer.from(chunk({ delta: { content: 'a' }, finish_reason: 'stop' }).trimEnd()));
    expect(text).toBe('a');
    expect(answer.end().finishReason).toBe('STOP');
  });
});

describe('errors in the middle of a stream', () => {
  const after = chunk({ delta: { content: 'a' } });
  it.each([
    [
      'data: {"error":{"message":"CUDA error","type":"InternalServerError","code":500}}\n\n',
      'unavailable',
      'CUDA error',
    ],
    ['data: {"error":{"message":"too long","type":"x","code":400}}\n\n', 'refused', 'too long'],
    ['data: {"error":{"message":"slow down","type":"x","code":"429"}}\n\n', 'unavailable', 'slow down'],
    ['data: {"error":{"message":"no","type":"invalid_request_error","code":null}}\n\n', 'refused', 'no'],
    ['data: {"error":"out of memory"}\n\n', 'unavailable', 'out of memory'],
    ['event: error\ndata: {"message":"gone","type":"overloaded"}\n\n', 'unavailable', 'gone'],
    ['data: {"object":"error","message":"old","type":"BadRequestError","code":400}\n\n', 'refused', 'old'],
    ['error: {"code":500,"message":"slot lost","type":"server_error"}\n\n', 'unavailable', 'slot lost'],
    ['data: {"error":"Input too long","error_type":"validation"}\n\n', 'refused', 'Input too long'],
  ])('%j is %s', (event, kind, said) => {
    expect(fails(after + event)).toEqual({ kind, message: `one sent an error: ${said}` });
  });

  it('gives the text before the error first', () => {
    expect(read(Buffer.from(`${after}data: {"error":"x"}\n\n`)).text).toBe('a');
  });

  it('passes over an error that is null', () => {
    const { answer } = read(Buffer.from(chunk({ delta: {}, finish_reason: 'stop' }, { error: null })));
    expect(answer.end().finishReason).toBe('STOP');
  });

  it.each([
    ['{"choices":[{"del\n\n', 'data that is not JSON'],
    ['"hello"\n\n', 'a chunk of another shape'],
    ['{"choices":[{"delta":{"content":{"a":1}}}]}\n\n', 'a chunk of another shape'],
  ])('takes %s for a breach of the protocol', (data, what) => {
    expect(fails(`data: ${data}${after}`)).toEqual({ kind: 'protocol', message: `one sent ${what}.` });
  });
});

it('takes an event that does not end for a breach of the protocol', () => {
  expect(fails(`data: ${'x'.repeat(2 ** 20)}`)).toEqual({
    kind: 'protocol',
    message: 'one sent an event without an end.',
  });
});

it('holds back half a surrogate pair until the other half comes', () => {
  const answer = new Answer(source);
  const deltas: { text: string; tokens: number }[] = [];
  const onDelta = taking(deltas);
  answer.feed(Buffer.from('data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}\n\n'));
  void answer.give(onDelta);
  expect(deltas).toEqual([{ text: 'a', tokens: 1 }]);
  answer.feed(Buffer.from('data: {"choices":[{"delta":{"content":"\\udc0b"}}]}\n\n'));
  void answer.give(onDelta);
  expect(deltas[1]).toEqual({ text: '🐋', tokens: 1 });
});

it('takes thinking for a beginning, but not for text', () => {
  const answer = new Answer(source);
  answer.feed(Buffer.from(`: keep-alive\n\n${chunk({ delta: { role: 'assistant', content: null } })}`));
  expect(answer.begun).toBe(false);
  answer.feed(Buffer.from(chunk({ delta: { reasoning_content: 'Hm' } })));
  const deltas: { text: string; tokens: number }[] = [];
  void answer.give(taking(deltas));
  expect([answer.begun, deltas]).toEqual([true, []]);
});
