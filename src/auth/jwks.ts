import { readFile, stat } from 'node:fs/promises';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from 'jose';
import { MillraceError } from '../domain/errors.ts';

/** An unknown key makes the set be fetched again, but not more often than this. */
const coolDownMs = 5_000;
const fetchTimeoutMs = 5_000;
/** Where it could not be had it is asked for again after this: whoever sends tokens may not decide how often. */
const retryMs = 1_000;
/** That the set can't be had is said this often, however many tokens are shown meanwhile. */
const tellMs = 60_000;

/**
 * The public keys that tokens are verified by, from a URL or an absolute path. A token with a key that is not known makes
 * the set be fetched again; a file is read again when it has changed.
 * @param onError told why the set can't be had
 * @throws MillraceError `UNAVAILABLE` where the set can't be had now: that says nothing about the token
 */
export function keySet(place: string, onError: (error: unknown) => void): JWTVerifyGetKey {
  const keys = /^https?:/.test(place) ? remote(new URL(place)) : file(place);
  let tellAt = Number.NEGATIVE_INFINITY;
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (aboutToken.some((kind) => error instanceof kind)) throw error;
      if (error !== inVain && performance.now() >= tellAt) {
        tellAt = performance.now() + tellMs;
        onError(error);
      }
      throw new MillraceError('UNAVAILABLE', 'Tokens can not be checked now. Try again in a moment.', { cause: error });
    }
  };
}

/** What is wrong with a token's choice of a key; anything else is wrong with the set. */
const aboutToken = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];

const inVain = new Error('The set was asked for a moment ago, in vain.');

function remote(url: URL): JWTVerifyGetKey {
  let askAt = Number.NEGATIVE_INFINITY;
  // The library waits after success alone.
  const sparingly: FetchImplementation = async (...request) => {
    if (performance.now() < askAt) throw inVain;
    askAt = performance.now() + retryMs;
    return fetch(...request);
  };
  return createRemoteJWKSet(url, {
    cooldownDuration: coolDownMs,
    timeoutDuration: fetchTimeoutMs,
    [customFetch]: sparingly,
  });
}

function file(path: string): JWTVerifyGetKey {
  let version = '';
  let keys: JWTVerifyGetKey | undefined;
  return async (header, token) => {
    const { mtimeMs, size, ino } = await stat(path);
    const found = `${mtimeMs} ${size} ${ino}`;
    if (!keys || found !== version) {
      keys = createLocalJWKSet(JSON.parse(await readFile(path, 'utf8')));
      version = found;
    }
    return keys(header, token);
  };
}
