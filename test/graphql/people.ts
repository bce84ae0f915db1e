import type { Authenticator } from '../../src/auth/auth.ts';
import type { Viewer } from '../../src/domain/conversation.ts';
import { unauthenticated } from '../../src/domain/errors.ts';

/** Who comes in by which token. */
export const people = {
  ada: { id: 'usr_ada', name: 'Ada', role: 'ADMIN' },
  ann: { id: 'usr_ann', name: 'Ann', role: 'MEMBER' },
  bob: { id: 'usr_bob', name: 'Bob', role: 'MEMBER' },
  rae: { id: 'usr_rae', name: 'Rae', role: 'READER' },
} as const satisfies Record<string, Viewer>;

/** Lets these people in; who shows no token is `anonymous`. */
export function peopleAuth(anonymous: Viewer = people.ada): Authenticator {
  const known = new Map<string | undefined, Viewer>([[undefined, anonymous], ...Object.entries(people)]);
  return {
    async authenticate({ token }) {
      const viewer = known.get(token);
      if (!viewer) throw unauthenticated('Nobody has this token.');
      return { viewer, credentialId: null, expiresAt: null };
    },
    watch: () => () => {},
    close() {},
  };
}
