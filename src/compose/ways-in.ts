import { apiKeys } from '../auth/api-key.ts';
import type { Authenticator } from '../auth/auth.ts';
import { jwts } from '../auth/jwt.ts';
import { KnownCredentials } from '../auth/known.ts';
import { shareLinks, withLinks } from '../auth/links.ts';
import { noAuthentication } from '../auth/none.ts';
import { refusals } from '../auth/refusals.ts';
import { slowSignIns } from '../auth/sign-ins.ts';
import { anyOf, type Way } from '../auth/ways.ts';
import type { Config } from '../config.ts';
import type { Limits } from '../limits/limits.ts';
import type { Store } from '../store/store.ts';

/** Lets clients in by the ways that the configuration names, and by links in any case. */
export async function openAuthenticator(
  { auth: { mode, jwt } }: Config,
  deps: { readonly store: Store; readonly onError: (error: unknown) => void },
  people?: Authenticator,
): Promise<Authenticator> {
  const { store, onError } = deps;
  const { note, close } = refusals({ add: store.audit.add, onError });
  const ways: Way[] = [new KnownCredentials(shareLinks(store.links), deps)];
  if (mode.includes('apiKey')) ways.push(new KnownCredentials(apiKeys(store.keys), deps));
  if (jwt) ways.push(jwts(jwt, deps));
  const everybody = people ?? (mode.includes('none') ? await openForEverybody(store) : undefined);
  const auth = everybody ? withLinks(everybody, anyOf(ways, note)) : anyOf(ways, note);
  return {
    ...auth,
    close() {
      auth.close();
      close();
    },
  };
}

/** Guesses of tokens are slowed, where they are counted. */
export function slowed(auth: Authenticator, config: Config, limits: Limits): Authenticator {
  const { signInFailuresPerMinute: limit } = config.limits;
  return limit === null ? auth : slowSignIns(auth, limits.rate('sign-ins', { limit, windowSeconds: 60 }));
}

async function openForEverybody(store: Store): Promise<Authenticator> {
  const everybody = noAuthentication();
  const { viewer } = await everybody.authenticate({ ip: '', token: undefined });
  await store.viewers.put(viewer);
  return everybody;
}
