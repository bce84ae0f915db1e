import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Authenticator } from '../../src/auth/auth.ts';
import { KnownCredentials } from '../../src/auth/known.ts';
import { shareLinks, withLinks } from '../../src/auth/links.ts';
import { noAuthentication } from '../../src/auth/none.ts';
import { anyOf } from '../../src/auth/ways.ts';
import { MillraceError } from '../../src/domain/errors.ts';
import { newId } from '../../src/domain/ids.ts';
import { hashSecret, newLinkToken } from '../../src/domain/secret.ts';
import type { ShareLink } from '../../src/domain/sharing.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';

let store: Store;
let nodes: Authenticator[] = [];
const statements: string[] = [];
const errors: unknown[] = [];
const refused: string[] = [];
beforeEach(async () => {
  store = await openSqliteStore(':memory:', { onQuery: (statement) => statements.push(statement) });
});
afterEach(async () => {
  for (const node of nodes) node.close();
  nodes = [];
  errors.length = 0;
  refused.length = 0;
  await store.close();
});

/** One node's view of the links; it looks at them again every `askMs`. */
function node({ askMs = 10, links = store.links }: { askMs?: number; links?: Store['links'] } = {}): Authenticator {
  const way = new KnownCredentials(shareLinks(links), { askMs, onError: (error) => errors.push(error) });
  const auth = withLinks(
    noAuthentication(),
    anyOf([way], (refusal) => refused.push(refusal.reason)),
  );
  nodes.push(auth);
  return auth;
}

async function makeLink(changes: Partial<ShareLink> = {}): Promise<{ link: ShareLink; token: string }> {
  const times = { createdAt: 1, expiresAt: null, revokedAt: null };
  const link = { id: newId('link'), targetId: 'gen_a', ...times, ...changes };
  const token = newLinkToken();
  await store.links.create(link, hashSecret(token), 100);
  return { link, token };
}

const enter = (auth: Authenticator, token?: string) => auth.authenticate({ ip: '127.0.0.1', token });
const unauthenticated = { code: 'UNAUTHENTICATED' };

describe('the token of a link', () => {
  test('lets in a reader of what it leads to, also where everybody else is an admin', async () => {
    const auth = node();
    const { link, token } = await makeLink();
    const viewer = { id: `usr_${link.id}`, name: 'Link', role: 'READER', only: 'gen_a' };
    expect(await enter(auth, token)).toEqual({ viewer, credentialId: link.id, expiresAt: null });
    expect(await enter(auth)).toMatchObject({ viewer: { id: 'usr_local', role: 'ADMIN' } });
  });

  test('is refused where it is unknown, expired or revoked, and so is a link’s id', async () => {
    const auth = node();
    const { link, token } = await makeLink({ revokedAt: 5 });
    const expired = await makeLink({ expiresAt: Date.now() });
    for (const each of [newLinkToken(), 'link_', link.id, token, expired.token]) {
      await expect(enter(auth, each)).rejects.toMatchObject(unauthenticated);
    }
    const none = 'There is no such link.';
    expect(refused).toEqual([none, none, none, 'This link was revoked.', 'This link has expired.']);
  });

  test('is not in the records, and is as long as nobody can guess', async () => {
    const { token } = await makeLink();
    expect(token).toMatch(/^link_[\w-]{43}$/);
    expect(hashSecret(token)).not.toContain(token.slice(5, 12));
    expect(await store.links.byHash(token)).toBeUndefined();
  });

  test('shown again costs no look into the records', async () => {
    const auth = node({ askMs: 60_000 });
    const { token } = await makeLink();
    await enter(auth, token);
    statements.length = 0;
    for (let i = 0; i < 10; i++) await enter(auth, token);
    expect(statements).toEqual([]);
  });

  test('shown by many at once costs one look', async () => {
    const auth = node({ askMs: 60_000 });
    const { token } = await makeLink();
    statements.length = 0;
    await Promise.all(Array.from({ length: 10 }, () => enter(auth, token)));
    expect(statements).toHaveLength(1);
  });

  test('that expires is refused from that moment on, though it is remembered', async () => {
    const auth = node({ askMs: 60_000 });
    const expiresAt = Date.now() + 500;
    const { token } = await makeLink({ expiresAt });
    await enter(auth, token);
    await expect.poll(() => enter(auth, token).catch(({ code }) => code)).toBe('UNAUTHENTICATED');
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
  });
});

describe('a watch', () => {
  test('ends on every node when the link is revoked, once, and the token is refused then', async () => {
    const { link, token } = await makeLink();
    const calls: string[] = [];
    const ended = await Promise.all(
      ['a', 'b'].map(async (name) => {
        const auth = node();
        const session = await enter(auth, token);
        const { promise, resolve } = Promise.withResolvers<void>();
        auth.watch(session, () => {
          calls.push(name);
          resolve();
        });
        return { auth, promise };
      }),
    );
    await store.links.revoke(link.id, Date.now());
    await Promise.all(ended.map(({ promise }) => promise));
    for (const { auth } of ended) await expect(enter(auth, token)).rejects.toMatchObject(unauthenticated);
    expect(calls.sort()).toEqual(['a', 'b']);
  });

  test('ends when the link expires', async () => {
    const auth = node();
    const { token } = await makeLink({ expiresAt: Date.now() + 500 });
    const session = await enter(auth, token);
    await new Promise<void>((resolve) => auth.watch(session, resolve));
  });

  test('costs one statement a look, however many links are known', async () => {
    const auth = node();
    for (let i = 0; i < 20; i++) auth.watch(await enter(auth, (await makeLink()).token), () => {});
    const { link, token } = await makeLink();
    const session = await enter(auth, token);
    const { promise, resolve } = Promise.withResolvers<void>();
    auth.watch(session, resolve);
    const before = statements.length;
    await store.links.revoke(link.id, 1);
    await promise;
    const looks = statements.slice(before).filter((statement) => statement.startsWith('select'));
    expect(looks.every((statement) => statement.includes('"id" in'))).toBe(true);
  });

  test('that was taken back is not called', async () => {
    const auth = node();
    const { link, token } = await makeLink();
    const session = await enter(auth, token);
    let calls = 0;
    auth.watch(session, () => calls++)();
    const other = new Promise<void>((resolve) => auth.watch(session, resolve));
    await store.links.revoke(link.id, 1);
    await other;
    expect(calls).toBe(0);
  });

  test('goes on while the records are away, and so does who is known; who is not is told so', async () => {
    const away = new MillraceError('UNAVAILABLE', 'away');
    let isAway = false;
    const links: Store['links'] = {
      ...store.links,
      byIds: async (ids) => (isAway ? Promise.reject(away) : store.links.byIds(ids)),
      byHash: async (hash) => (isAway ? Promise.reject(away) : store.links.byHash(hash)),
    };
    const auth = node({ links });
    const [{ link, token }, other] = [await makeLink(), await makeLink()];
    const session = await enter(auth, token);
    let ended = false;
    const end = new Promise<void>((resolve) => auth.watch(session, resolve)).then(() => {
      ended = true;
    });
    isAway = true;
    await store.links.revoke(link.id, 1);
    await expect.poll(() => errors.length).toBeGreaterThan(2);
    expect([ended, errors[0]]).toEqual([false, away]);
    expect((await enter(auth, token)).credentialId).toBe(link.id);
    await expect(enter(auth, other.token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    isAway = false;
    await end;
    await expect(enter(auth, token)).rejects.toMatchObject(unauthenticated);
    expect((await enter(auth, other.token)).credentialId).toBe(other.link.id);
  });
});
