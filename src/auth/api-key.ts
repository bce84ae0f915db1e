import { isKeyToken, isSecretOf, parseKeyToken } from '../domain/secret.ts';
import type { KeyRecords, StoredKey } from '../store/store.ts';
import type { Credential, CredentialKind } from './known.ts';

/** API keys: whoever shows one is its viewer, with its role. */
export const apiKeys = (keys: KeyRecords): CredentialKind => ({
  name: 'API key',
  prefix: 'key_',
  takes: isKeyToken,
  async load(token) {
    const { id, secret } = parseKeyToken(token) ?? {};
    if (id === undefined || secret === undefined) return undefined;
    const [found] = await keys.byIds([id]);
    return found && isSecretOf(secret, found.secretHash) ? credentialOf(found) : undefined;
  },
  byIds: async (ids) => (await keys.byIds(ids)).map(credentialOf),
  touch: keys.touch,
});

const credentialOf = ({ key, viewerName }: StoredKey): Credential => {
  const { id, viewerId, role, expiresAt, revokedAt, lastUsedAt } = key;
  const { tokensPerDay, tokensPerMonth } = key;
  const hasQuota = tokensPerDay !== null || tokensPerMonth !== null;
  const account = hasQuota && { account: { id, tokensPerDay, tokensPerMonth } };
  const session = { viewer: { id: viewerId, name: viewerName, role, ...account }, credentialId: id, expiresAt };
  return { id, revoked: revokedAt !== null, session, lastUsedAt };
};
