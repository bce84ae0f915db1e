import type { ApiKey } from '../domain/api-key.ts';
import { type AuditEvent, auditEvent } from '../domain/audit.ts';
import { badInput, notFound } from '../domain/errors.ts';
import { newId } from '../domain/ids.ts';
import { hashSecret, keyToken, newSecret } from '../domain/secret.ts';
import type { Store } from '../store/store.ts';
import type { Actor, ApiKeys } from './auth.ts';

const longestName = 100;

/** The verbs of API keys on these records. Who did it is written down. */
export function createApiKeys({ keys, viewers, audit }: Pick<Store, 'keys' | 'viewers' | 'audit'>): ApiKeys {
  return {
    async create({ name: given, role, viewerId, expiresAt, tokensPerDay = null, tokensPerMonth = null }, by) {
      const name = given.trim();
      const createdAt = Date.now();
      if (name.length === 0 || name.length > longestName)
        throw badInput(`A key's name has 1 to ${longestName} characters.`);
      if (expiresAt !== null && expiresAt <= createdAt) throw badInput('A key must expire in the future.');
      for (const tokens of [tokensPerDay, tokensPerMonth]) {
        if (tokens !== null && !(Number.isSafeInteger(tokens) && tokens >= 1))
          throw badInput("A key's tokens by day and month are whole numbers from 1 on.");
      }
      if (viewerId !== null && (await viewers.byIds([viewerId])).length === 0) throw notFound(`The viewer ${viewerId}`);
      const viewer = viewerId === null ? { id: newId('usr'), name, role } : undefined;
      const owner = viewer?.id ?? viewerId ?? '';
      const times = { createdAt, expiresAt, revokedAt: null, lastUsedAt: null };
      const quota = { tokensPerDay, tokensPerMonth };
      const key: ApiKey = { id: newId('key'), viewerId: owner, name, role, ...quota, ...times };
      const secret = newSecret();
      // First, so that no key is without its row: its token is shown once, and would be lost with an error after it.
      await audit.add(event('KEY_CREATED', key, by));
      await keys.create(key, hashSecret(secret), viewer);
      return { key, token: keyToken(key.id, secret) };
    },

    async revoke(id, by) {
      const key = await keys.revoke(id, Date.now());
      if (!key) throw notFound(`The key ${id}`);
      await audit.add(event('KEY_REVOKED', key, by));
      return key;
    },

    page: keys.page,
  };
}

function event(kind: 'KEY_CREATED' | 'KEY_REVOKED', key: ApiKey, by: Actor): AuditEvent {
  const { id, name, role, viewerId, tokensPerDay, tokensPerMonth } = key;
  return auditEvent(kind, { ...by, subjectId: id, detail: { name, role, viewerId, tokensPerDay, tokensPerMonth } });
}
