import { beforeEach, describe, expect, test } from 'vitest';
import type { Authenticator } from '../../src/auth/auth.ts';
import { slowSignIns } from '../../src/auth/sign-ins.ts';
import { MillraceError } from '../../src/domain/errors.ts';
import { memoryLimits } from '../../src/limits/memory.ts';
import { peopleAuth } from '../graphql/people.ts';

const limit = 5;
let time: number;
let looked: (string | undefined)[];
let auth: Authenticator;
/** Another node, which counts together with the first. */
let other: Authenticator;
beforeEach(() => {
  time = 1;
  looked = [];
  const people = peopleAuth();
  const seen: Authenticator = {
    ...people,
    authenticate(credentials) {
      looked.push(credentials.token);
      if (credentials.token?.startsWith('away')) throw new MillraceError('UNAVAILABLE', 'Nobody knows now.');
      return people.authenticate(credentials);
    },
  };
  const failures = memoryLimits().rate('sign-ins', { limit, windowSeconds: 60 });
  [auth, other] = [slowSignIns(seen, failures, () => time), slowSignIns(seen, failures, () => time)];
});

const code = (on: Authenticator, token: string | undefined, ip = '10.0.0.1', again = false) =>
  on.authenticate({ token, ip, again }).then(
    () => 'in',
    (error) => error.code,
  );
const guess = async (times: number, ip?: string, on = auth) => {
  const codes: string[] = [];
  for (let n = 0; n < times; n++) codes.push(await code(on, `guess-${looked.length}-${n}`, ip));
  return codes;
};
const [wrong, limited] = ['UNAUTHENTICATED', 'RATE_LIMITED'];

describe('an address that guesses', () => {
  test('is not looked at any more after so many wrong tokens, right or wrong', async () => {
    expect(await guess(limit)).toEqual(Array(limit).fill(wrong));
    expect(looked).toHaveLength(limit);
    expect(await guess(3)).toEqual(Array(3).fill(limited));
    expect(await code(auth, 'ann')).toBe(limited);
    expect(looked).toHaveLength(limit);
    await expect(auth.authenticate({ token: 'ann', ip: '10.0.0.1' })).rejects.toMatchObject({
      retryAfterMs: expect.any(Number),
      message: expect.stringMatching(/^Too many wrong tokens came from this address\. Come back in \d+ s\.$/),
    });
  });

  test('is looked at again when its time is over', async () => {
    await guess(limit);
    const { retryAfterMs } = await auth.authenticate({ token: 'ann', ip: '10.0.0.1' }).then(
      () => ({ retryAfterMs: Number.NaN }),
      (error) => error,
    );
    time += retryAfterMs - 1;
    expect(await code(auth, 'ann')).toBe(limited);
    time += 1;
    expect(await code(auth, 'ann')).toBe('in');
  });

  test('is known to another node by the next wrong token, which that does not tell from a right one', async () => {
    await guess(limit);
    expect(await code(other, 'ann')).toBe('in');
    expect(await guess(1, undefined, other)).toEqual([limited]);
    expect(await code(other, 'ann')).toBe(limited);
  });

  test('does not keep out others, those who are in, or those who show no token', async () => {
    await guess(limit);
    expect(await code(auth, 'ann', '10.0.0.2')).toBe('in');
    expect(await code(auth, 'ann', '10.0.0.1', true)).toBe('in');
    expect(await code(auth, undefined)).toBe('in');
  });

  test('is all of a network, where addresses are there for the taking', async () => {
    for (let n = 0; n < limit; n++) await guess(1, `2001:db8:0:7::${n.toString(16)}`);
    expect(await code(auth, 'ann', '2001:db8:0:7:ffff::1')).toBe(limited);
    expect(await code(auth, 'ann', '2001:db8:0:8::1')).toBe('in');
  });
});

test('a client that shows the same wrong token again and again keeps nobody out', async () => {
  for (let n = 0; n < 10 * limit; n++) expect(await code(auth, 'expired')).toBe(wrong);
  expect(await code(auth, 'ann')).toBe('in');
  expect(await guess(limit - 1)).toEqual(Array(limit - 1).fill(wrong));
  expect(await code(auth, 'ann')).toBe(limited);
});

test('a wrong token that comes again is not looked at for some seconds, from wherever, and counts for each address', async () => {
  for (let n = 0; n < 100; n++) expect(await code(auth, 'expired')).toBe(wrong);
  expect(await code(auth, 'expired', '10.0.0.2')).toBe(wrong);
  expect(looked).toEqual(['expired']);
  expect(await guess(limit - 1, '10.0.0.2')).toEqual(Array(limit - 1).fill(wrong));
  expect(await code(auth, 'ann', '10.0.0.2')).toBe(limited);
  time += 5_000;
  expect(await code(auth, 'expired')).toBe(wrong);
  expect(looked.filter((token) => token === 'expired')).toHaveLength(2);
});

test('what can’t be found out now is no failure', async () => {
  for (let n = 0; n < 2 * limit; n++) expect(await code(auth, `away-${n}`)).toBe('UNAVAILABLE');
  expect(await code(auth, 'ann')).toBe('in');
});
