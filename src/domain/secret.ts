import { createHash, randomBytes } from 'node:crypto';

/** A new token that nobody can guess (256 bits), with what it opens as its prefix. */
export const newToken = (prefix: 'link'): string => `${prefix}_${randomBytes(32).toString('base64url')}`;

/** What is kept of a token: enough to know it again, and too little to show it. SHA-256 does: nobody guesses 256 bits. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex');
