import { hash } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Viewer, ViewerRole } from '../domain/conversation.ts';
import { unauthenticated } from '../domain/errors.ts';
import { keepable } from '../domain/text.ts';
import type { Store } from '../store/store.ts';
import type { Session } from './auth.ts';
import { keySet } from './jwks.ts';
import type { Way } from './ways.ts';

export interface JwtOptions {
  readonly issuer: string;
  readonly audience: string;
  /** URL, or absolute path of a file. */
  readonly jwks: string;
  readonly clockToleranceMs: number;
  /** Names of claims; with dots, a way into a claim that is a map. */
  readonly roleClaim: string;
  readonly nameClaim: string;
  /** For those whose token names no role. */
  readonly defaultRole: ViewerRole;
}

interface JwtDeps {
  readonly store: Pick<Store, 'viewers'>;
  /** Told why the keys can't be had. */
  readonly onError: (error: unknown) => void;
}

/** Never a symmetric one: its secret would be the public key. */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** So many verified tokens are remembered, and so many viewers that the store knows already. */
const remembered = 10_000;
/** Longer ones are no tokens of people: a header takes 16 KiB in all. */
const longestToken = 16_384;
const longestName = 200;
const expired = 'This token has expired.';
const unreadable = 'This is no token that can be read.';

/** Lets in by JSON Web Tokens of one issuer. A token is verified when it is first shown, and then known until it expires. */
export function jwts(options: JwtOptions, { store, onError }: JwtDeps): Way {
  const keys = keySet(options.jwks, onError);
  const tolerance = options.clockToleranceMs / 1000;
  const rules = {
    ...{ issuer: options.issuer, audience: options.audience, algorithms, clockTolerance: tolerance },
    requiredClaims: ['exp', 'sub'],
  };
  const sessions = new LRUCache<string, Session>({ max: remembered });
  const stored = new LRUCache<string, string>({ max: remembered });

  async function verify(token: string): Promise<Session> {
    const { payload } = await jwtVerify(token, keys, rules).catch((error: unknown) => {
      throw error instanceof errors.JOSEError ? unauthenticated(reasonOf(error)) : error;
    });
    const expiresAt = ((payload.exp ?? 0) + tolerance) * 1000;
    // The library counts whole seconds: it would let in once more what has just ended.
    if (expiresAt <= Date.now()) throw unauthenticated(expired);
    const viewer = viewerOf(payload, options);
    await put(viewer);
    return { viewer, credentialId: null, expiresAt };
  }

  /** Other records name the viewer, so the store must know it: it is told once, and again when something has changed. */
  async function put(viewer: Viewer): Promise<void> {
    const shown = `${viewer.role} ${viewer.name}`;
    if (stored.get(viewer.id) === shown) return;
    await store.viewers.put(viewer);
    stored.set(viewer.id, shown);
  }

  return {
    takes: () => true,

    async authenticate(token) {
      const session = sessions.get(token);
      if (session && (session.expiresAt ?? 0) > Date.now()) return session;
      sessions.delete(token);
      if (token.length > longestToken) throw unauthenticated('This token is too long.');
      if (!isPlain(token)) throw unauthenticated(unreadable);
      const verified = await verify(token);
      sessions.set(token, verified);
      return verified;
    },

    watch: () => () => {},
    close() {},
  };
}

/** Whether it is spelled in the one way that its bytes have: each other one would be remembered by itself. */
const isPlain = (token: string): boolean =>
  token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);

/** Whoever the issuer calls `sub` is always the same viewer. The claims are the issuer's word: it has signed them. */
function viewerOf(payload: JWTPayload, { roleClaim, nameClaim, defaultRole }: JwtOptions): Viewer {
  // The library does not look at their types.
  const { iss, sub }: { iss?: unknown; sub?: unknown } = payload;
  if (typeof sub !== 'string') throw unauthenticated('This token names nobody: its sub is no text.');
  if (sub === '') throw unauthenticated('This token names nobody: its sub is empty.');
  const name = claim(payload, nameClaim);
  return {
    id: `usr_${hash('sha256', JSON.stringify([iss, sub])).slice(0, 32)}`,
    name: keepable((typeof name === 'string' && name !== '' ? name : sub).slice(0, longestName)),
    role: roleOf(claim(payload, roleClaim)) ?? defaultRole,
  };
}

/** The claim of that name, or, where there is none, what the name's parts lead to. */
function claim(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let place: unknown = payload;
  for (const part of name.split('.')) {
    if (typeof place !== 'object' || place === null || !Object.hasOwn(place, part)) return undefined;
    place = (place as Record<string, unknown>)[part];
  }
  return place;
}

const roles: readonly ViewerRole[] = ['ADMIN', 'MEMBER', 'READER'];

/** The one that may do most, of a text or a list of texts. */
function roleOf(value: unknown): ViewerRole | undefined {
  const named = new Set(
    (Array.isArray(value) ? value : [value]).map((each) => (typeof each === 'string' ? each.toUpperCase() : undefined)),
  );
  return roles.find((role) => named.has(role));
}

function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return expired;
  if (error instanceof errors.JWTClaimValidationFailed)
    return `This token is not for here: its ${error.claim} is missing, or not what it has to be.`;
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported)
    return 'This token is signed in a way that is not taken here.';
  if (error instanceof errors.JWKSNoMatchingKey)
    return 'This token is signed with a key that the issuer does not have.';
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'This token does not say which key it is signed with (kid).';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'The signature of this token is wrong.';
  return unreadable;
}
