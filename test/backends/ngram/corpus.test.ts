import { readFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { ngramBackend } from '../../../src/backends/ngram/ngram.ts';

vi.mock('node:fs/promises', { spy: true });

test('a book that cannot be read makes the backend unavailable until it can, and is read once for all', async () => {
  const cause = new Error('EMFILE');
  vi.mocked(readFile).mockRejectedValueOnce(cause);
  const { signal } = new AbortController();
  const backends = [ngramBackend({ name: 'a' }), ngramBackend({ name: 'b' })];
  expect(readFile).not.toHaveBeenCalled();
  const failed = await Promise.allSettled(backends.map((backend) => backend.probe(signal)));
  for (const result of failed)
    expect(result).toMatchObject({ reason: { kind: 'unavailable', retryable: true, cause } });
  await Promise.all(backends.map((backend) => backend.probe(signal)));
  expect(readFile).toHaveBeenCalledTimes(2);
});
