import { isIP } from 'node:net';
import { z } from 'zod';
import { section } from './values.ts';

/** Who may come in. */
export interface AuthConfig {
  /** The ways, any of which is enough; `none` stands alone, and everybody is then the one viewer of this machine. */
  readonly mode: readonly AuthMode[];
}

type AuthMode = (typeof modes)[number];

const modes = ['none', 'apiKey', 'jwt'] as const;
const mode = z.enum(modes, `must be one of ${modes.join(', ')}, or a list of several`);

/** `auth` of millrace.yaml. */
export const authShape = section({
  mode: z
    .preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(mode).min(1, 'must name at least one way'))
    .refine((ways) => ways.length === 1 || !ways.includes('none'), 'must not name none beside other ways')
    .default(['none']),
}).prefault({});

/** What is wrong with an address that others can reach, where nobody is asked who they are. */
export function exposure(
  { HOST: host, MILLRACE_ROLE: role }: { HOST: string; MILLRACE_ROLE: string },
  { mode: ways }: AuthConfig,
): string[] {
  const loopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  // A worker serves nothing but its health.
  if (loopback || role === 'worker' || !ways.includes('none')) return [];
  const why = `${host} can be reached from other machines, and auth.mode is none: whoever reaches it is an admin`;
  return [`${why}. Set auth.mode to apiKey or jwt in millrace.yaml, or keep to 127.0.0.1`];
}
