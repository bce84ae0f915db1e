import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { apiKeys } from '../../src/auth/api-key.ts';
import type { ApiKeys } from '../../src/auth/auth.ts';
import { createApiKeys } from '../../src/auth/keys.ts';
import { KnownCredentials } from '../../src/auth/known.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';

const by = { actorId: null, ip: null };
const askMs = 2_000;

let store: Store;
let keys: ApiKeys;
let way: KnownCredentials;
let away = false;
const statements: string[] = [];
const errors: unknown[] = [];
beforeEach(async () => {
  vi.useFakeTimers();
  store = await openSqliteStore(':memory:', { onQuery: (statement) => statements.push(statement) });
  keys = createApiKeys(store);
  const byIds: Store['keys']['byIds'] = (ids) =>
    away ? Promise.reject(Object.assign(new Error('away'), { code: 'UNAVAILABLE' })) : store.keys.byIds(ids);
  way = new KnownCredentials(apiKeys({ ...store.keys, byIds }), { onError: (error) => errors.push(error) });
  away = false;
  statements.length = 0;
  errors.length = 0;
});
afterEach(async () => {
  way.close();
  vi.useRealTimers();
  await store.close();
});

const make = (more: { expiresAt?: number; viewerId?: string } = {}) =>
  keys.create({ name: 'Robot', role: 'MEMBER', viewerId: null, expiresAt: null, ...more }, by);
/** The next time that the store is asked. */
const later = (ms = askMs) => vi.advanceTimersByTimeAsync(ms);
const refused = (message: string) => ({ code: 'UNAUTHENTICATED', message: expect.stringContaining(message) });

/** Watches the session of a token; `ended` is how often it was told of its end. */
async function watch(token: string) {
  const watched = { ended: 0, stop: () => {} };
  watched.stop = way.watch(await way.authenticate(token), () => watched.ended++);
  return watched;
}

describe('a key', () => {
  test('is not made where that can not be written down', async () => {
    const add = () => Promise.reject(new Error('the disk is full'));
    const { create } = createApiKeys({ ...store, audit: { ...store.audit, add } });
    const input = { name: 'Robot', role: 'MEMBER', viewerId: null, expiresAt: null } as const;
    await expect(create(input, by)).rejects.toThrow('full');
    expect((await store.keys.page({ limit: 9, from: 'start' })).rows).toEqual([]);
  });

  test('lets in its viewer: one of its own, or the one it was made for', async () => {
    const { key, token } = await make();
    expect(token).toMatch(/^millrace_key_[0-9a-z]{26}_[0-9a-f]{64}$/);
    const session = {
      viewer: { id: key.viewerId, name: 'Robot', role: 'MEMBER' },
      credentialId: key.id,
      expiresAt: null,
    };
    expect(await way.authenticate(token)).toEqual(session);
    const second = await make({ viewerId: key.viewerId });
    expect((await way.authenticate(second.token)).viewer).toEqual(session.viewer);
    expect(await store.viewers.byIds([key.viewerId])).toEqual([session.viewer]);
    await expect(make({ viewerId: 'usr_nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(make({ expiresAt: Date.now() })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('is stored without its secret', async () => {
    const { key, token } = await make();
    const stored = JSON.stringify([
      await store.keys.byIds([key.id]),
      await store.audit.page({ limit: 9, from: 'start' }),
    ]);
    expect(stored).not.toContain(token.slice(-64));
  });

  test('with another secret, of another id, cut short or made up, is refused', async () => {
    const [one, two] = [await make(), await make()];
    const wrong = [
      `${one.token.slice(0, -1)}${one.token.endsWith('0') ? '1' : '0'}`,
      one.token.replace(one.key.id, two.key.id),
      one.token.replace(one.key.id, 'key_00000000000000000000000000'),
      one.token.slice(0, -1),
      one.token.toUpperCase().replace('MILLRACE_KEY', 'millrace_key'),
      'millrace_key_',
    ];
    for (const known of [false, true]) {
      if (known) await way.authenticate(one.token);
      for (const token of wrong)
        await expect(way.authenticate(token)).rejects.toMatchObject(refused('no such API key'));
    }
  });

  test('costs one statement when it is first shown, however many show it at once, and none after that', async () => {
    const { token } = await make();
    statements.length = 0;
    await Promise.all(Array.from({ length: 50 }, () => way.authenticate(token)));
    for (let i = 0; i < 50; i++) await way.authenticate(token);
    expect(statements).toHaveLength(1);
  });

  test('of many, all are asked for in one statement; one that nobody shows any more is forgotten', async () => {
    for (let i = 0; i < 5; i++) await way.authenticate((await make()).token);
    await later();
    statements.length = 0;
    await later();
    expect(statements).toHaveLength(1);
    await later(700_000);
    statements.length = 0;
    await later();
    expect(statements).toEqual([]);
  });

  test('that has expired is refused', async () => {
    const { token } = await make({ expiresAt: Date.now() + 60_000 });
    expect((await way.authenticate(token)).expiresAt).toBe(Date.now() + 60_000);
    await later(59_999);
    await way.authenticate(token);
    await later(1);
    await expect(way.authenticate(token)).rejects.toMatchObject(refused('expired'));
  });

  test('tells when it was used, at most once a minute', async () => {
    const { key, token } = await make();
    const writes = () => statements.filter((each) => each.startsWith('update')).length;
    await way.authenticate(token);
    expect(writes()).toBe(0);
    const first = Date.now() + askMs;
    for (let i = 0; i < 40; i++) {
      await later(1_000);
      await way.authenticate(token);
    }
    expect(writes()).toBe(1);
    expect((await store.keys.byIds([key.id]))[0]?.key.lastUsedAt).toBe(first);
    await later(70_000);
    expect(writes()).toBe(2);
  });
});

describe('a session ends', () => {
  test('when its key is revoked, wherever that was done, and no other one does', async () => {
    const [one, two] = [await make(), await make()];
    const [revoked, left, other] = [await watch(one.token), await watch(one.token), await watch(two.token)];
    left.stop();
    await store.keys.revoke(one.key.id, Date.now());
    await later();
    expect([revoked.ended, left.ended, other.ended]).toEqual([1, 0, 0]);
    await expect(way.authenticate(one.token)).rejects.toMatchObject(refused('revoked'));
    await way.authenticate(two.token);
  });

  test('when its key is gone or has another role', async () => {
    const { key, token } = await make();
    const found = await store.keys.byIds([key.id]);
    const watched = await watch(token);
    const changed = vi.spyOn(store.keys, 'byIds');
    changed.mockResolvedValueOnce(found.map((row) => ({ ...row, key: { ...row.key, role: 'READER' as const } })));
    await later();
    expect(watched.ended).toBe(1);
    watched.stop();
    const gone = await watch(token);
    changed.mockResolvedValueOnce([]);
    await later();
    expect(gone.ended).toBe(1);
  });

  test('not while the store is away: what is known stays good, and what is not is UNAVAILABLE', async () => {
    const [one, two] = [await make(), await make()];
    const watched = await watch(one.token);
    await store.keys.revoke(one.key.id, Date.now());
    away = true;
    await later(10 * askMs);
    expect([watched.ended, errors.length]).toEqual([0, 10]);
    await way.authenticate(one.token);
    await expect(way.authenticate(two.token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    away = false;
    await later();
    expect(watched.ended).toBe(1);
    await way.authenticate(two.token);
  });
});
