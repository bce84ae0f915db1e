import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { base64url, exportSPKI, importJWK, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type JwtOptions, jwts } from '../../src/auth/jwt.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { temporaryFolder } from '../folder.ts';
import { type Issuer, newKey, startIssuer } from './issuer.ts';

let issuer: Issuer;
let store: Store;
const statements: string[] = [];
const errors: unknown[] = [];
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer[Symbol.asyncDispose]());
beforeEach(async () => {
  store = await openSqliteStore(':memory:', { onQuery: (statement) => statements.push(statement) });
  statements.length = 0;
  errors.length = 0;
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await store.close();
});

function open(options: Partial<JwtOptions> = {}, records: Pick<Store, 'viewers'> = store) {
  const usual: JwtOptions = {
    ...{ issuer: issuer.issuer, audience: issuer.audience, jwks: issuer.jwksUrl, clockToleranceMs: 5_000 },
    ...{ roleClaim: 'role', nameClaim: 'name', defaultRole: 'MEMBER' as const },
  };
  const way = jwts({ ...usual, ...options }, { store: records, onError: (error) => errors.push(error) });
  return { show: (token: string) => way.authenticate(token, '127.0.0.1') };
}

/** What there is of time, so many milliseconds later. */
function pass(ms: number): void {
  const [now, at] = [Date.now() + ms, performance.now() + ms];
  vi.useFakeTimers({ now, toFake: ['Date'] });
  vi.spyOn(performance, 'now').mockReturnValue(at);
}

const now = () => Math.floor(Date.now() / 1000);
const encode = (part: object) => base64url.encode(JSON.stringify(part));
const refused = (message: string | RegExp) => ({ code: 'UNAUTHENTICATED', message: expect.stringMatching(message) });

describe('a token that is refused', () => {
  const { show } = { show: (token: string) => open().show(token) };

  test.for<[string, (given: Issuer) => Promise<string>, RegExp]>([
    ['of another audience', (given) => given.token('ann', { claims: { aud: 'other' } }), /its aud/],
    ['of another issuer', (given) => given.token('ann', { claims: { iss: 'https://issuer.example' } }), /its iss/],
    ['that has expired', (given) => given.token('ann', { claims: { exp: now() - 6 } }), /has expired/],
    ['that is not valid yet', (given) => given.token('ann', { claims: { nbf: now() + 60 } }), /its nbf/],
    ['that never expires', (given) => given.token('ann', { claims: { exp: undefined as never } }), /its exp/],
    ['of nobody', (given) => given.token('ann', { claims: { sub: undefined as never } }), /its sub/],
    ['of a number', (given) => given.token('ann', { claims: { sub: 123 as never } }), /sub is no text/],
    ['of a map', (given) => given.token('ann', { claims: { sub: {} as never } }), /sub is no text/],
    ['of a list', (given) => given.token('ann', { claims: { sub: ['ann'] as never } }), /sub is no text/],
    ['of an empty name', (given) => given.token(''), /sub is empty/],
    [
      'with a key that the issuer does not have',
      async (given) => given.token('ann', { key: await newKey() }),
      /a key that/,
    ],
    [
      'with another key under a known name',
      async (given) => {
        const key = await newKey();
        return given.token('ann', { key: { ...key, kid: given.keys[0]?.kid ?? '' } });
      },
      /signature/,
    ],
    [
      'that is not signed, alg none',
      async (given) => {
        const [, payload] = (await given.token('ann')).split('.');
        return `${encode({ alg: 'none', kid: given.keys[0]?.kid })}.${payload}.`;
      },
      /a way that is not taken/,
    ],
    [
      'signed with the public key as a secret, alg HS256',
      async (given) => {
        const [key] = given.keys;
        const secret = new TextEncoder().encode(
          await exportSPKI((await importJWK(key?.jwk ?? {}, 'RS256')) as CryptoKey),
        );
        const claims = { iss: given.issuer, aud: given.audience, sub: 'ann', exp: now() + 60 };
        return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: key?.kid ?? '' }).sign(secret);
      },
      /a way that is not taken/,
    ],
    [
      'whose claims were changed',
      async (given) => {
        const [header, payload, signature] = (await given.token('ann')).split('.');
        const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString());
        return `${header}.${encode({ ...claims, role: 'ADMIN' })}.${signature}`;
      },
      /signature/,
    ],
    [
      'that brings its own key',
      async (given) => {
        const key = await newKey();
        return given.token('ann', { key, header: { jwk: key.jwk } });
      },
      /a key that/,
    ],
    ['whose key id is a path', (given) => given.token('ann', { header: { kid: '../../etc/passwd' } }), /a key that/],
  ])('is one %s', async ([, make, message]) => {
    await expect(show(await make(issuer))).rejects.toMatchObject(refused(message));
    expect(statements).toEqual([]);
  });

  test.each(['', 'x', 'a.b.c', '..', 'e30.e30.e30', '🐋.🐋.🐋', 'a'.repeat(20_000)])(
    'is garbage: %.20j',
    async (token) => {
      await expect(show(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    },
  );
});

describe('a token that is taken', () => {
  test.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])('may be signed by %s', async (alg) => {
    await issuer.rotate(alg);
    const { viewer } = await open().show(await issuer.token('ann'));
    expect(viewer).toMatchObject({ name: 'ann', role: 'MEMBER' });
  });

  test('may have a name that not every database keeps', async () => {
    const { viewer } = await open().show(await issuer.token('ann', { claims: { name: 'A\0nn \ud83d' } }));
    expect(viewer.name).toBe('A\ufffdnn \ufffd');
  });

  test('is the same viewer for the same sub of the same issuer, and expires with its clock tolerance', async () => {
    const { show } = open();
    const exp = now() + 60;
    const [ann, again, bob] = [
      await show(await issuer.token('ann', { claims: { name: 'Ann' } })),
      await show(await issuer.token('ann', { claims: { exp, name: 'Ann' } })),
      await show(await issuer.token('bob')),
    ];
    expect(again).toEqual({ viewer: ann.viewer, credentialId: null, expiresAt: (exp + 5) * 1000 });
    expect(ann.viewer.id).toMatch(/^usr_[0-9a-f]{32}$/);
    expect(bob.viewer.id).not.toBe(ann.viewer.id);
    expect(await store.viewers.byIds([ann.viewer.id])).toEqual([{ ...ann.viewer, name: 'Ann' }]);
  });

  test.for<[object, Partial<JwtOptions>, string]>([
    [{ role: 'admin' }, {}, 'ADMIN'],
    [{ role: ['READER', 'MEMBER', 'x'] }, {}, 'MEMBER'],
    [{ role: 'root' }, {}, 'MEMBER'],
    [{ role: { ADMIN: true } }, { defaultRole: 'READER' }, 'READER'],
    [{ role: [['ADMIN']] }, { defaultRole: 'READER' }, 'READER'],
    [{ role: { toString: 1 } }, { defaultRole: 'READER' }, 'READER'],
    [{ role: [null, 1, 'member'] }, { defaultRole: 'READER' }, 'MEMBER'],
    [{}, { defaultRole: 'READER' }, 'READER'],
    [{ realm_access: { roles: ['admin'] } }, { roleClaim: 'realm_access.roles' }, 'ADMIN'],
    [{ 'https://a.example/role': 'READER' }, { roleClaim: 'https://a.example/role' }, 'READER'],
  ])('with %j has by %j the role %s', async ([claims, options, role]) => {
    const { viewer } = await open(options).show(await issuer.token('ann', { claims: { ...claims } }));
    expect(viewer.role).toBe(role);
  });

  test('is taken in its one spelling only', async () => {
    const { show } = open();
    const token = await issuer.token('ann');
    await show(token);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // The last character of a signature of 256 bytes has spare bits.
    const spare = token.slice(0, -1) + alphabet[(alphabet.indexOf(token.at(-1) ?? '') | 1) ^ 2];
    const others = [`${token}=`, `${token}==`, ` ${token}`, `${token}\n`, token.replace('.', ' .'), spare];
    for (const other of others) await expect(show(other)).rejects.toMatchObject(refused(/can be read/));
  });

  test('is verified once, and its viewer is stored once, until a name or a role changes', async () => {
    const { show } = open();
    const token = await issuer.token('ann');
    const session = await show(token);
    const { asked } = issuer;
    expect(statements).toHaveLength(1);
    expect(await show(token)).toBe(session);
    await show(await issuer.token('ann', { claims: { iat: 1 } }));
    expect([issuer.asked, statements.length]).toEqual([asked, 1]);
    await show(await issuer.token('ann', { claims: { role: 'ADMIN' } }));
    expect(statements).toHaveLength(2);
  });

  test('is refused from the moment on at which it expires, be that in the middle of a second', async () => {
    const exp = now() + 60.4;
    const token = await issuer.token('ann', { claims: { exp } });
    vi.useFakeTimers({ now: exp * 1000 + 5_000, toFake: ['Date'] });
    await expect(open().show(token)).rejects.toMatchObject(refused(/has expired/));
  });

  test('is refused once it has expired, though it is remembered', async () => {
    const { show } = open();
    const token = await issuer.token('ann');
    await show(token);
    pass(3_700_000);
    await expect(show(token)).rejects.toMatchObject(refused(/has expired/));
  });

  test('whose viewer can not be stored now is UNAVAILABLE, and works later', async () => {
    const away = vi.fn().mockRejectedValueOnce(Object.assign(new Error('away'), { code: 'UNAVAILABLE' }));
    const { show } = open({}, { viewers: { ...store.viewers, put: away } });
    const token = await issuer.token('ann');
    await expect(show(token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await show(token);
    expect(away).toHaveBeenCalledTimes(2);
  });
});

describe('the keys of the issuer', () => {
  test('are fetched again for a key that is new, and not for each that is unknown', async () => {
    const { show } = open();
    const old = await issuer.token('ann');
    await show(old);
    await issuer.rotate();
    const { asked } = issuer;
    // It has only just asked.
    await expect(show(await issuer.token('bob'))).rejects.toMatchObject(refused(/a key that/));
    expect(issuer.asked).toBe(asked);
    pass(6_000);
    expect((await show(await issuer.token('bob'))).viewer.name).toBe('bob');
    const stranger = await newKey();
    for (let i = 0; i < 20; i++) {
      await expect(show(await issuer.token(`${i}`, { key: stranger }))).rejects.toMatchObject(refused(/a key that/));
    }
    expect(issuer.asked).toBe(asked + 1);
    // What was verified holds until it expires.
    await show(old);
  });

  test('that can not be had say nothing about the token: UNAVAILABLE, asked for and told rarely, and well again later', async () => {
    const { show } = open();
    const token = await issuer.token('ann');
    const { asked } = issuer;
    issuer.answers(500);
    for (let i = 0; i < 3; i++) await expect(show(token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect([errors.length, issuer.asked - asked]).toEqual([1, 1]);
    issuer.answers(200);
    pass(1_000);
    await show(token);
    const nobody = open({ jwks: 'http://127.0.0.1:1/jwks.json' });
    await expect(nobody.show(token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('that can not be had are neither asked for nor told of as often as anybody likes', async () => {
    const { show } = open();
    await show(await issuer.token('ann'));
    pass(6_000);
    issuer.answers(500);
    const { asked } = issuer;
    const stranger = await newKey();
    // Four characters are three bytes: what is left is well spelled.
    const known = (await issuer.token('ann')).slice(0, -42);
    for (let i = 0; i < 10; i++) {
      const unknown = await issuer.token('ann', { key: stranger });
      await expect(show(unknown)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await expect(show(known)).rejects.toMatchObject(refused(/signature/));
    }
    expect([errors.length, issuer.asked - asked]).toEqual([1, 1]);
    // Who shows a good token with a key that is known comes in meanwhile.
    expect((await show(await issuer.token('bob'))).viewer.name).toBe('bob');
    pass(60_000);
    await expect(show(await issuer.token('ann', { key: stranger }))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect([errors.length, issuer.asked - asked]).toEqual([2, 2]);
    issuer.answers(200);
  });

  test('may lie in a file, which is read again when it has changed', async () => {
    const folder = temporaryFolder();
    const jwks = join(folder.path, 'jwks.json');
    const write = () => writeFileSync(jwks, JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }));
    const { show } = open({ jwks });
    const token = await issuer.token('ann');
    await expect(show(token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    write();
    await show(token);
    await issuer.rotate();
    await expect(show(await issuer.token('bob'))).rejects.toMatchObject(refused(/a key that/));
    rmSync(jwks);
    write();
    await show(await issuer.token('bob'));
    writeFileSync(jwks, '{');
    await expect(show(await issuer.token('eve'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    folder.remove();
  });
});
