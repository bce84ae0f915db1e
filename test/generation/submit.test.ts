import { expect, test, vi } from 'vitest';
import { viewerTopic } from '../../src/generation/changes.ts';
import type { SubmitInput } from '../../src/generation/generation.ts';
import { lengthOf, promptMessages } from '../../src/generation/prompt.ts';
import type { GenerationLimits } from '../../src/generation/quota.ts';
import { draftOf, type SubmitDeps, submit } from '../../src/generation/submit.ts';
import { sweep } from '../../src/generation/sweep.ts';
import { ann } from '../contract/store/fixtures.ts';
import { changed, type Parts, rowOf, useParts } from './parts.ts';

const opened = useParts();

const limits: GenerationLimits = {
  promptCharacters: 1_000,
  maxTokens: 500,
  generationsAtOnce: null,
  tokensPerDay: null,
  tokensPerMonth: null,
};

const depsOf = (parts: Parts): SubmitDeps => ({
  ...parts,
  known: new Set(['whale']),
  defaultModel: 'whale',
  limits,
  logRetentionMs: 60_000,
  onError: (error) => parts.errors.push(error),
});

const submitOne = (deps: SubmitDeps, input: SubmitInput) => {
  const messages = promptMessages(input, deps.limits.promptCharacters);
  return submit(deps, { ...draftOf(deps, ann, input, lengthOf(messages)), messages, reply: null });
};

/** The ids that a queue gives. */
async function queuedIn({ queue }: Pick<Parts, 'queue'>): Promise<string[]> {
  const ids: string[] = [];
  const stop = await queue.work(async ({ id }) => void ids.push(id), new Map([['whale', 1]]));
  await new Promise((resolve) => setImmediate(resolve));
  await stop();
  return ids;
}

test('a generation that is accepted has a row, a log and a place in line, and its viewer is told', async () => {
  const { parts } = opened;
  const told: unknown[] = [];
  await parts.bus.subscribe(viewerTopic(ann.id), (change) => told.push(change));
  const { id } = await submitOne(depsOf(parts), { prompt: 'Call me', parameters: { seed: 3, topP: null } });
  expect(await rowOf(parts, id)).toMatchObject({ status: 'QUEUED', modelId: 'whale', parameters: { seed: 3 } });
  await vi.waitFor(async () => expect((await parts.log.heads([id])).get(id)).toMatchObject({ offset: 1, attempt: 0 }));
  expect([told, await queuedIn(parts)]).toEqual([[{ generationId: id }], [id]]);
});

test('the same key gives the same generation, which is queued once', async () => {
  const { parts } = opened;
  const deps = depsOf(parts);
  const input = { prompt: 'Call me', idempotencyKey: 'k' };
  const both = await Promise.all([submitOne(deps, input), submitOne(deps, { ...input })]);
  expect(both[0]?.id).toBe(both[1]?.id);
  await expect(submitOne(deps, { ...input, prompt: 'Other' })).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await queuedIn(parts)).toEqual([both[0]?.id]);
});

test('where the log fails the generation is accepted all the same, and queued', async () => {
  const { parts } = opened;
  const full = new Error('the disk is full');
  const log = changed(parts.log, { append: () => Promise.reject(full) });
  const { id } = await submitOne({ ...depsOf(parts), log }, { prompt: 'Call me' });
  expect([parts.errors.splice(0), await queuedIn(parts)]).toEqual([[full], [id]]);
});

test('where the queue fails the generation is accepted all the same, and the next sweep queues it', async () => {
  const { parts } = opened;
  const away = new Error('the queue is away');
  const queue = { ...parts.queue, add: () => Promise.reject(away) };
  const { id } = await submitOne({ ...depsOf(parts), queue }, { prompt: 'Call me' });
  expect([parts.errors.splice(0), await queuedIn(parts)]).toEqual([[away], []]);
  await sweep({ ...parts, known: new Set(['whale']), heardAt: () => 0, onOrphan: async () => {} });
  expect(await queuedIn(parts)).toEqual([id]);
});

test.each<[string, SubmitInput]>([
  ['neither a prompt nor messages', {}],
  ['both', { prompt: 'a', messages: [{ role: 'USER', text: 'b' }] }],
  ['an empty prompt', { prompt: ' \n' }],
  ['no message with a text', { messages: [{ role: 'USER', text: '' }] }],
  ['too long a prompt', { prompt: 'x'.repeat(1_001) }],
  ['an unknown model', { prompt: 'a', model: 'squid' }],
  ['an empty key', { prompt: 'a', idempotencyKey: '' }],
  ['too long a key', { prompt: 'a', idempotencyKey: 'k'.repeat(201) }],
  ['no tokens', { prompt: 'a', parameters: { maxTokens: 0 } }],
  ['more tokens than the server allows', { prompt: 'a', parameters: { maxTokens: 501 } }],
  ['a temperature above 2', { prompt: 'a', parameters: { temperature: 2.1 } }],
  ['a temperature that is no number', { prompt: 'a', parameters: { temperature: Number.NaN } }],
  ['a topP of 0', { prompt: 'a', parameters: { topP: 0 } }],
  ['five stops', { prompt: 'a', parameters: { stop: ['1', '2', '3', '4', '5'] } }],
  ['an empty stop', { prompt: 'a', parameters: { stop: [''] } }],
])('%s is bad input, and nothing is recorded', async (_what, input) => {
  const { parts } = opened;
  const tried = (async () => submitOne(depsOf(parts), input))();
  await expect(tried).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  expect(await parts.store.generations.unsettled()).toEqual([]);
});

test('all wrong parameters are told at once, with the limits of this server', () => {
  const parameters = { maxTokens: 501, temperature: 3, topP: 0, stop: [''] };
  const wrong = () => draftOf(depsOf(opened.parts), ann, { parameters }, 1);
  expect(wrong).toThrow(/`maxTokens` must be from 1 to 500.*`temperature`.*`topP`.*`stop`/);
});

test('a quarter of the prompt and `maxTokens` are reserved, and where that is left out 4,096 or as many as are allowed', () => {
  const deps = depsOf(opened.parts);
  const reserved = (input: SubmitInput, maxTokens: number) =>
    draftOf({ ...deps, limits: { ...limits, maxTokens } }, ann, input, 41).reservedTokens;
  expect(reserved({ parameters: { maxTokens: 100 } }, 500)).toBe(111);
  expect(reserved({}, 500)).toBe(511);
  expect(reserved({}, 10_000)).toBe(4_107);
});

test('the configured limits are those of the viewer', () => {
  const own = { generationsAtOnce: 7, tokensPerDay: 10, tokensPerMonth: 100 };
  const draft = draftOf({ ...depsOf(opened.parts), limits: { ...limits, ...own } }, ann, {}, 0);
  const account = { id: ann.id, tokensPerDay: 10, tokensPerMonth: 100 };
  expect(draft).toMatchObject({ account, generationsAtOnce: 7 });
});

test('equal input has one fingerprint, whatever the order of its keys, and other input another', () => {
  const deps = depsOf(opened.parts);
  const of = (input: SubmitInput) => draftOf(deps, ann, input, 0).fingerprint;
  const parameters = { seed: 1, topP: 0.5 };
  expect(of({ prompt: 'a', parameters })).toBe(of({ parameters: { topP: 0.5, seed: 1 }, prompt: 'a' }));
  expect(of({ prompt: 'a', idempotencyKey: 'k' })).toBe(of({ prompt: 'a', idempotencyKey: 'other' }));
  const stops = [
    ['1', '2'],
    ['2', '1'],
  ].map((stop) => of({ prompt: 'a', parameters: { stop } }));
  expect(new Set([...stops, of({ prompt: 'a' }), of({ prompt: 'b' }), of({ prompt: 'a', model: 'whale' })]).size).toBe(
    5,
  );
});
