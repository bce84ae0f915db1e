import type { ShareLink } from '../domain/sharing.ts';
import type { Store } from '../store/store.ts';
import type { Authenticator, Session } from './auth.ts';
import { KnownCredentials } from './known.ts';

interface LinksOptions {
  readonly store: Pick<Store, 'links'>;
  /** Told of links that could not be looked at again. */
  readonly onError: (error: unknown) => void;
  readonly pollMs?: number;
}

const prefix = 'link_';

/** Lets in who shows the token of a link, as nobody but a reader of what it leads to; `others` decides on the rest. */
export function withLinks(others: Authenticator, { store, ...options }: LinksOptions): Authenticator {
  const { byHash, byIds } = store.links;
  const links = new KnownCredentials({ ...options, byHash, byIds, sessionOf });
  return {
    authenticate: async (credentials) =>
      credentials.token?.startsWith(prefix) ? links.session(credentials.token) : others.authenticate(credentials),

    watch: (session, onEnd) =>
      session.credentialId?.startsWith(prefix)
        ? links.watch(session.credentialId, onEnd)
        : others.watch(session, onEnd),

    close() {
      links.close();
      others.close();
    },
  };
}

const sessionOf = ({ id, targetId, expiresAt }: ShareLink): Session => ({
  viewer: { id: `usr_${id}`, name: 'Link', role: 'READER', only: targetId },
  credentialId: id,
  expiresAt,
});
