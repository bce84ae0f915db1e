import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { ViewerRole } from '../domain/conversation.ts';
import type { Finding } from './document.ts';
import { duration, section, text } from './values.ts';

/** Who may come in. */
export interface AuthConfig {
  /** The ways, any of which is enough; `none` stands alone, and everybody is then the one viewer of this machine. */
  readonly mode: readonly AuthMode[];
  /** Whose tokens are taken; null unless `mode` has jwt. */
  readonly jwt: JwtConfig | null;
}

export interface JwtConfig {
  readonly issuer: string;
  readonly audience: string;
  /** Where the issuer's public keys are: a URL, or the absolute path of a file. */
  readonly jwks: string;
  /** How far the clocks here and there may be apart, in milliseconds. */
  readonly clockToleranceMs: number;
  readonly roleClaim: string;
  readonly nameClaim: string;
  readonly defaultRole: ViewerRole;
}

type AuthMode = (typeof modes)[number];

const modes = ['none', 'apiKey', 'jwt'] as const;
const mode = z.enum(modes, `must be one of ${modes.join(', ')}, or a list of several`);

/** `https://…`, `http://` on this machine, or a path: over plain HTTP anybody on the way could put in a key. */
const jwks = text().refine(
  (place) => {
    const { protocol, hostname } = URL.parse(place) ?? {};
    if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(place)) return true;
    return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname?.replace(/^\[|\]$/g, '') ?? ''));
  },
  { error: 'must be a URL that begins with https:// (http:// on loopback only), or the path of a file' },
);

const jwt = section({
  issuer: text(),
  audience: text(),
  jwks,
  clockTolerance: duration('5s'),
  roleClaim: text().default('role'),
  nameClaim: text().default('name'),
  defaultRole: z.enum(['ADMIN', 'MEMBER', 'READER'], 'must be ADMIN, MEMBER or READER').default('MEMBER'),
});

/** `auth` of millrace.yaml. */
export const authShape = section({
  jwt: jwt.optional(),
  mode: z
    .preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(mode).min(1, 'must name at least one way'))
    .refine((ways) => ways.length === 1 || !ways.includes('none'), 'must not name none beside other ways')
    .default(['none']),
}).prefault({});

/** With its defaults; a path of a file begins at `cwd`. */
export function authConfig({ mode, jwt }: z.output<typeof authShape>, cwd: string): AuthConfig {
  if (!jwt) return { mode, jwt: null };
  const { clockTolerance, jwks, ...rest } = jwt;
  const place = /^https?:/i.test(jwks) ? jwks : resolve(cwd, jwks);
  return { mode, jwt: { ...rest, jwks: place, clockToleranceMs: clockTolerance } };
}

/** Only what its two halves need to be compared, and nothing refused: so that this is found beside all other mistakes. */
const outline = z.object({
  auth: z.object({ mode: z.unknown(), jwt: z.unknown() }).partial().catch({}),
});

const jwksOutline = z.object({ auth: z.object({ mode: z.unknown(), jwt: z.object({ jwks: z.string().min(1) }) }) });

/** Where `auth.mode` and `auth.jwt` do not belong together. */
export function authMismatch(value: unknown): Finding[] {
  const { mode, jwt } = outline.safeParse(value).data?.auth ?? {};
  const named = [mode].flat().includes('jwt');
  if (named && jwt === undefined)
    return [{ path: ['auth', 'jwt'], message: 'is missing: auth.mode jwt needs issuer, audience and jwks' }];
  if (!named && jwt !== undefined)
    return [{ path: ['auth', 'jwt'], message: 'means nothing unless auth.mode is jwt, or a list that has it' }];
  return [];
}

/** A file of keys that can't be used, as `auth.jwt.jwks` names it from `cwd`. */
export function wrongKeyFile(value: unknown, cwd: string): Finding[] {
  const { mode, jwt } = jwksOutline.safeParse(value).data?.auth ?? {};
  const place = [mode].flat().includes('jwt') ? jwt?.jwks : undefined;
  if (place === undefined || /^[a-z][a-z0-9+.-]+:\/\//i.test(place)) return [];
  const wrong = (why: string) => [{ path: ['auth', 'jwt', 'jwks'], message: `${resolve(cwd, place)} ${why}` }];
  try {
    const set = JSON.parse(readFileSync(resolve(cwd, place), 'utf8'));
    return Array.isArray(set?.keys) ? [] : wrong('must be a JSON Web Key Set: { "keys": [ … ] }');
  } catch (error) {
    return wrong(`can't be read as JSON: ${(error as Error).message}`);
  }
}

/** What is wrong with an address that others can reach, where nobody is asked who they are. */
export function exposure(
  { HOST: host, MILLRACE_ROLE: role }: { HOST: string; MILLRACE_ROLE: string },
  { mode: ways }: Pick<AuthConfig, 'mode'>,
): string[] {
  // A worker serves nothing but its health.
  if (isLoopback(host) || role === 'worker' || !ways.includes('none')) return [];
  const why = `${host} can be reached from other machines, and auth.mode is none: whoever reaches it is an admin`;
  return [`${why}. Set auth.mode to apiKey or jwt in millrace.yaml, or keep to 127.0.0.1`];
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
