import { describe, expect, it } from 'vitest';
import { connectionFailure, retryAfterMs, statusFailure } from '../../../src/backends/openai/failure.ts';
import { hide } from '../../../src/backends/openai/hide.ts';

describe('Retry-After', () => {
  const now = Date.parse('2026-11-22T12:00:00Z');
  it.each([
    ['3', 3000],
    ['0.5', 500],
    ['Sun, 22 Nov 2026 12:00:07 GMT', 7000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s is %s ms', (value, ms) => expect(retryAfterMs(value, now)).toBe(ms));
});

it('takes a name that is not found for unreachable, and leaves what is no failure of a connection', () => {
  const error = Object.assign(new Error('getaddrinfo ENOTFOUND gpu-1'), { code: 'ENOTFOUND' });
  const source = { name: 'one', secrets: [] };
  expect(connectionFailure(source, error)).toMatchObject({ kind: 'unreachable', cause: error });
  const bug = new TypeError('x is not a function');
  expect(connectionFailure(source, bug)).toBe(bug);
});

describe('a status that is not 200', () => {
  const source = { name: 'one', secrets: [] };
  it.each([
    [500, 'unavailable'],
    [503, 'unavailable'],
    [429, 'unavailable'],
    [408, 'unavailable'],
    [400, 'refused'],
    [401, 'unavailable'],
    [404, 'unavailable'],
    [422, 'refused'],
    [307, 'protocol'],
  ])('%i is %s', (status, kind) => expect(statusFailure(source, status, '').kind).toBe(kind));

  it.each([
    ['{"error":{"message":"no such model","type":"NotFoundError","code":404}}', ': no such model'],
    ['{"object":"error","message":"no such model","code":404}', ': no such model'],
    ['{"error":"no such model"}', ': no such model'],
    ['{"detail":"Not Found"}', ': Not Found'],
    ['{"detail":[{"msg":"bad"}]}', ': [{"msg":"bad"}]'],
    ['plain words', ': plain words'],
    ['<html>nginx</html>', ''],
    ['', ''],
  ])('tells what the server said: %s', (body, said) => {
    expect(statusFailure(source, 404, body).message).toBe(`one answered 404${said}`);
  });

  it('tells no more than 300 characters of it', () => {
    expect(statusFailure(source, 404, 'x'.repeat(5000)).message).toBe(`one answered 404: ${'x'.repeat(300)}`);
  });
});

describe('hiding secrets', () => {
  const prompt = 'My daughter "Ada" was born on the first of May;\nwhat should I plant for her?';
  it('hides them whole, cut and escaped', () => {
    expect(hide(`bad input: ${prompt}!`, [prompt])).toBe('bad input: …!');
    expect(hide(`bad input: ${prompt.slice(5, 40)}!`, [prompt])).toBe('bad input: …!');
    expect(hide(`bad input: ${JSON.stringify(prompt)}!`, [prompt])).toBe('bad input: "…"!');
    expect(hide(`${prompt.slice(0, 30)}' and '${prompt.slice(30)}`, [prompt])).toBe("…' and '…");
    expect(hide('the key sk-123 is wrong', ['sk-123'])).toBe('the key … is wrong');
  });

  it('leaves the words of the server', () => {
    const said = 'This model has a maximum context length of 4096 tokens.';
    expect(hide(said, [prompt, '', 'a', 'What is a context length?'])).toBe(said);
  });

  it('does it within reason on a megabyte', () => {
    const long = Array.from({ length: 100_000 }, (_, i) => `word${i}`).join(' ');
    expect(hide(long.slice(-900), [long])).toBe('…');
  });
});
