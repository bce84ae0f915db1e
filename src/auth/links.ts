import { hashSecret, isLinkToken } from '../domain/secret.ts';
import type { ShareLink } from '../domain/sharing.ts';
import type { LinkRecords } from '../store/store.ts';
import type { Authenticator } from './auth.ts';
import type { Credential, CredentialKind } from './known.ts';

const prefix = 'link_';

/** Links: whoever shows the token of one is nobody but a reader of what it leads to. */
export const shareLinks = (links: LinkRecords): CredentialKind => ({
  name: 'link',
  prefix,
  takes: isLinkToken,
  async load(token) {
    const link = await links.byHash(hashSecret(token));
    return link && credentialOf(link);
  },
  byIds: async (ids) => (await links.byIds(ids)).map(credentialOf),
});

/** Who shows a link's token is for `links` to decide on, also where `others` would let everybody in. */
export const withLinks = (others: Authenticator, links: Authenticator): Authenticator => ({
  authenticate: async (credentials) =>
    (isLinkToken(credentials.token ?? '') ? links : others).authenticate(credentials),
  watch: (session, onEnd) => (session.credentialId?.startsWith(prefix) ? links : others).watch(session, onEnd),
  close() {
    links.close();
    others.close();
  },
});

const credentialOf = ({ id, targetId, expiresAt, revokedAt }: ShareLink): Credential => {
  const viewer = { id: `usr_${id}`, name: 'Link', role: 'READER', only: targetId } as const;
  return { id, revoked: revokedAt !== null, session: { viewer, credentialId: id, expiresAt }, lastUsedAt: null };
};
