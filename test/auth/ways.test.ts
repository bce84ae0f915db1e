import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Session } from '../../src/auth/auth.ts';
import { at } from '../../src/auth/expiry.ts';
import { refusals } from '../../src/auth/refusals.ts';
import { anyOf, type Way } from '../../src/auth/ways.ts';
import type { AuditEvent } from '../../src/domain/audit.ts';
import { MillraceError, unauthenticated } from '../../src/domain/errors.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const session = (expiresAt: number | null): Session => ({
  viewer: { id: 'usr_ann', name: 'Ann', role: 'MEMBER' },
  credentialId: null,
  expiresAt,
});

const way = (takes: string, authenticate: Way['authenticate']): Way => ({
  takes: (token) => token.startsWith(takes),
  authenticate,
  watch: () => () => {},
  close() {},
});

test('a time that is further away than a timer can hold is waited for', async () => {
  const called = vi.fn();
  const far = 60 * 86_400_000;
  at(Date.now() + far, called);
  const cancel = at(Date.now() + far, () => expect.unreachable());
  await vi.advanceTimersByTimeAsync(far - 1);
  expect(called).not.toHaveBeenCalled();
  cancel();
  await vi.advanceTimersByTimeAsync(1);
  expect(called).toHaveBeenCalledOnce();
});

test('each token goes its own way; refusals are told, and nothing else is', async () => {
  const told: unknown[] = [];
  const away = new MillraceError('UNAVAILABLE', 'away');
  const auth = anyOf(
    [
      way('a', async () => session(null)),
      way('b', () => Promise.reject(unauthenticated('no'))),
      way('c', () => Promise.reject(away)),
    ],
    (refusal) => told.push(refusal),
  );
  const show = (token: string | undefined) => auth.authenticate({ token, ip: '1.2.3.4' });
  expect(await show('a1')).toEqual(session(null));
  await expect(show('c1')).rejects.toBe(away);
  for (const token of [undefined, 'b1', 'd1'])
    await expect(show(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(told).toEqual([
    { ip: '1.2.3.4', reason: 'no' },
    { ip: '1.2.3.4', reason: expect.stringContaining('no kind of token') },
  ]);
});

test('a watch tells of the end once: when the session expires, and not after it was stopped or all was closed', async () => {
  let revoke = () => {};
  const keys: Way = {
    ...way('', async () => session(null)),
    watch: (_session, onEnd) => {
      revoke = onEnd;
      return () => {};
    },
  };
  const auth = anyOf([keys], () => {});
  const ends: string[] = [];
  auth.watch(session(Date.now() + 1_000), () => ends.push('expired'));
  auth.watch(session(Date.now() + 1_000), () => ends.push('stopped'))();
  await vi.advanceTimersByTimeAsync(1_000);
  auth.watch(session(Date.now() + 1_000), () => ends.push('revoked'));
  revoke();
  auth.watch(session(Date.now() + 1_000), () => ends.push('closed'));
  auth.close();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(ends).toEqual(['expired', 'revoked']);
});

test('however often and from wherever somebody is refused, few rows are written, and none of it is lost', async () => {
  const rows: AuditEvent[] = [];
  const { note, close } = refusals({ add: async (event) => void rows.push(event), onError: () => {} });
  for (let i = 0; i < 1_000; i++) note({ ip: '1.2.3.4', reason: 'x'.repeat(1_000) });
  expect(rows).toHaveLength(5);
  for (let i = 0; i < 10_000; i++)
    note({ ip: `2001:db8:0:${(i % 500).toString(16)}::${i.toString(16)}`, reason: 'no' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(rows.length).toBeLessThanOrEqual(31);
  const counted = rows.reduce((sum, { detail }) => sum + Number(detail.count ?? 1), 0);
  expect(counted).toBe(11_000);
  expect(rows.every(({ detail }) => String(detail.reason).length <= 200)).toBe(true);
  rows.length = 0;
  note({ ip: '::1', reason: 'no' });
  close();
  expect(rows).toMatchObject([{ kind: 'SIGN_IN_FAILED', ip: '::1', actorId: null, detail: { reason: 'no' } }]);
});
