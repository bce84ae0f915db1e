import { createHmac, KeyObject, randomBytes, sign } from 'node:crypto';
import { base64url, CompactEncrypt, exportSPKI, generateKeyPair, importJWK, type JWTPayload } from 'jose';
import { type Issuer, newKey } from '../auth/issuer.ts';

/** Makes a token that is to be refused; the listener at `bait` is to hear of none. */
type Forge = (issuer: Issuer, bait: string) => string | Promise<string>;

/** The attacker's. */
const own = await newKey();

const encode = (part: unknown) => base64url.encode(typeof part === 'string' ? part : JSON.stringify(part));
const now = () => Math.floor(Date.now() / 1000);
const claims = ({ issuer, audience }: Issuer) => ({ iss: issuer, aud: audience, sub: 'ann', exp: now() + 600 });
const kid = ({ keys }: Issuer) => keys.at(-1)?.kid ?? '';

/** With any header, and a signature that nobody made. */
const unsigned =
  (header: (issuer: Issuer) => unknown, signature = randomBytes(256).toString('base64url')): Forge =>
  (issuer) =>
    `${encode(header(issuer))}.${encode(claims(issuer))}.${signature}`;

const claiming =
  (other: JWTPayload): Forge =>
  (issuer) =>
    issuer.token('ann', { claims: other });

/** Signed well, by a key of the attacker's own, that the header leads to. */
const bringing =
  (header: (jwk: object, bait: string, kid: string) => Record<string, unknown>): Forge =>
  (issuer, bait) =>
    issuer.token('ann', { key: own, header: header(own.jwk, bait, kid(issuer)) });

/** With the public key, which everybody has, as the secret. */
const symmetric =
  (secret: (issuer: Issuer) => string | Promise<string>): Forge =>
  async (issuer) => {
    const said = `${encode({ alg: 'HS256', kid: kid(issuer) })}.${encode(claims(issuer))}`;
    return `${said}.${createHmac('sha256', await secret(issuer))
      .update(said)
      .digest('base64url')}`;
  };

const publicKey = async ({ keys }: Issuer) => (await importJWK(keys.at(-1)?.jwk ?? {}, 'RS256')) as CryptoKey;

/** The issuer's own signature under a header that it never wrote. */
const rewritten =
  (header: object): Forge =>
  (issuer) => {
    const [key] = issuer.keys;
    if (!key) throw new Error('There is no key to sign with.');
    const said = `${encode({ alg: 'RS256', kid: key.kid, ...header })}.${encode(claims(issuer))}`;
    const signature = sign('sha256', Buffer.from(said), KeyObject.from(key.privateKey));
    return `${said}.${signature.toString('base64url')}`;
  };

/** JSON Web Tokens that nobody is let in by. */
export const forgedTokens: Readonly<Record<string, Forge>> = {
  'another key under a known name': (issuer) => issuer.token('ann', { key: { ...own, kid: kid(issuer) } }),
  'claims that were changed': async (issuer) => {
    const [header, , signature] = (await issuer.token('ann')).split('.');
    return `${header}.${encode({ ...claims(issuer), role: 'ADMIN' })}.${signature}`;
  },
  'a signature that is missing': unsigned((issuer) => ({ alg: 'RS256', kid: kid(issuer) }), ''),
  'a signature that is cut off': async (issuer) => (await issuer.token('ann')).slice(0, -8),
  'alg none': unsigned((issuer) => ({ alg: 'none', kid: kid(issuer) }), ''),
  'alg nOnE': unsigned((issuer) => ({ alg: 'nOnE', kid: kid(issuer) }), ''),
  'an empty alg': unsigned((issuer) => ({ alg: '', kid: kid(issuer) }), ''),
  'a list of algs': unsigned((issuer) => ({ alg: ['RS256'], kid: kid(issuer) })),
  'an alg of another kind of key': unsigned((issuer) => ({ alg: 'ES256', kid: kid(issuer) })),
  'HS256 with the public key as PEM': symmetric(async (issuer) => exportSPKI(await publicKey(issuer))),
  'HS256 with the public key as JSON': symmetric(({ keys }) => JSON.stringify(keys.at(-1)?.jwk)),
  'HS256 with nothing': symmetric(() => ''),
  'a token that has expired': claiming({ exp: now() - 60 }),
  'a token that is not valid yet': claiming({ nbf: now() + 600 }),
  'a token that never expires': claiming({ exp: undefined as never }),
  'an end that is no number': claiming({ exp: '9999999999' as never }),
  'another audience': claiming({ aud: 'https://other.example' }),
  'no audience': claiming({ aud: undefined as never }),
  'another issuer': claiming({ iss: 'https://issuer.example' }),
  'no issuer': claiming({ iss: undefined as never }),
  nobody: claiming({ sub: undefined as never }),
  'an empty name': claiming({ sub: '' }),
  'a key that the issuer does not have': (issuer) => issuer.token('ann', { key: own }),
  'a key of its own': bringing((jwk) => ({ jwk })),
  'a key under a known name, and its own': bringing((jwk, _, kid) => ({ jwk, kid })),
  'a set of keys elsewhere (jku)': bringing((_, bait) => ({ jku: bait })),
  'a certificate elsewhere (x5u)': bringing((_, bait) => ({ x5u: bait })),
  'a certificate of its own (x5c)': bringing(() => ({ x5c: [randomBytes(600).toString('base64')] })),
  'a key whose name is a place': bringing((_, bait) => ({ kid: bait })),
  'a key whose name is a path': bringing(() => ({ kid: '../../../../dev/null' })),
  'a key whose name is SQL': bringing(() => ({ kid: "x' UNION SELECT 'key' --" })),
  'a key whose name is an object': unsigned(() => ({ alg: 'RS256', kid: { $ne: null } })),
  'an issuer elsewhere': (issuer, bait) => issuer.token('ann', { claims: { iss: bait } }),
  'what has to be understood': rewritten({ crit: ['exp2'], exp2: 1 }),
  'claims that are not encoded': rewritten({ crit: ['b64'], b64: false }),
  'a header that is nested without end': unsigned(() => `${'['.repeat(5_000)}`),
  'claims that are nested without end': ({ keys }) =>
    `${encode({ alg: 'RS256', kid: keys[0]?.kid })}.${encode('['.repeat(5_000))}.AAAA`,
  '__proto__ in the header': unsigned(() => '{"alg":"RS256","__proto__":{"polluted":true}}'),
  'a secret message (JWE)': async (issuer) =>
    new CompactEncrypt(Buffer.from(JSON.stringify(claims(issuer))))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
      .encrypt((await generateKeyPair('RSA-OAEP-256')).publicKey),
  '15 KB': (issuer) => issuer.token('ann', { claims: { iss: 'x'.repeat(11_000) } }),
  'five dots': () => '.....',
  'another script': () => Buffer.from('🐋.🐋.🐋').toString('latin1'),
};

/** So many tokens with keys of so many names, which the issuer never had. */
export const unknownKeys = (issuer: Issuer, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${encode({ alg: 'RS256', kid: `x${i}` })}.${encode(claims(issuer))}.AAAA`);
