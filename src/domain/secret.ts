import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

// The tokens that are made here. Each has 256 random bits.

/** Long and of one shape, so that scanners for leaked secrets can know it: `millrace_key_<26>_<64 hexadecimal digits>`. */
const keyShape = /^millrace_(key_[0-9a-z]{26})_([0-9a-f]{64})$/;

/** What a client shows to be let in by an API key: the id says which, the secret proves it. */
export const keyToken = (id: string, secret: string): string => `millrace_${id}_${secret}`;

/** The parts of such a token; undefined where it is another kind of token, or none. */
export function parseKeyToken(token: string): { id: string; secret: string } | undefined {
  const [, id, secret] = keyShape.exec(token) ?? [];
  return id !== undefined && secret !== undefined ? { id, secret } : undefined;
}

/** Whether a token is meant to be an API key's, well formed or not. */
export const isKeyToken = (token: string): boolean => token.startsWith('millrace_key_');

/** The secret of a new API key. */
export const newSecret = (): string => randomBytes(32).toString('hex');

/** The token of a new link, secret as a whole. */
export const newLinkToken = (): string => `link_${randomBytes(32).toString('base64url')}`;

/** Whether a token is meant to be a link's. */
export const isLinkToken = (token: string): boolean => token.startsWith('link_');

/**
 * What is stored of a secret. Nobody can guess 256 random bits, however fast the hash is: a slow one, as passwords that
 * people make up need, would protect nothing here.
 */
export const hashSecret = (secret: string): string => hash('sha256', secret);

/** Whether `secret` is the one that was hashed; takes as long whatever it is. */
export const isSecretOf = (secret: string, secretHash: string): boolean => {
  const [shown, stored] = [Buffer.from(hashSecret(secret)), Buffer.from(secretHash)];
  return shown.length === stored.length && timingSafeEqual(shown, stored);
};
