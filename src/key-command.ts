import type { ApiKeys } from './auth/auth.ts';
import { openApiKeys } from './compose.ts';
import type { Config } from './config.ts';
import type { ApiKey } from './domain/api-key.ts';
import type { ViewerRole } from './domain/conversation.ts';
import { MillraceError } from './domain/errors.ts';
import { StartError } from './start-error.ts';

/** What was said on the command line. */
export interface KeyOptions {
  readonly name?: string | undefined;
  readonly role?: string | undefined;
  readonly viewer?: string | undefined;
  readonly expires?: string | undefined;
  readonly 'tokens-per-day'?: string | undefined;
  readonly 'tokens-per-month'?: string | undefined;
}

/** Whoever may run the command on this machine may do all that it does. */
const commandLine = { actorId: null, ip: null };
const roles: readonly ViewerRole[] = ['ADMIN', 'MEMBER', 'READER'];
const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Runs `key create`, `key list` or `key revoke` to its end. @throws StartError where that is not possible */
export async function keyCommand(config: Config, [verb, id]: readonly string[], options: KeyOptions): Promise<void> {
  const opened = await openApiKeys(config).catch((cause: unknown) => {
    throw new StartError(`Can't open the records: ${cause instanceof Error ? cause.message : cause}`, { cause });
  });
  try {
    if (verb === 'create') await create(opened.keys, options, config);
    else if (verb === 'revoke') await revoke(opened.keys, id);
    else await list(opened.keys);
  } catch (error) {
    if (error instanceof MillraceError) throw new StartError(error.message, { cause: error });
    throw error;
  } finally {
    await opened.close();
  }
}

/** The token alone goes to stdout, so that a script can take it from there. */
async function create(keys: ApiKeys, options: KeyOptions, { auth }: Config): Promise<void> {
  const { name, role, viewer, expires } = options;
  if (name === undefined) throw new StartError('key create needs a --name, for people to tell the key by.');
  const quota = {
    tokensPerDay: tokensOf(options, 'tokens-per-day'),
    tokensPerMonth: tokensOf(options, 'tokens-per-month'),
  };
  const input = { name, role: roleOf(role), viewerId: viewer ?? null, expiresAt: timeOf(expires), ...quota };
  const { key, token } = await keys.create(input, commandLine);
  const end = key.expiresAt === null ? 'does not expire' : `expires ${dateOf(key.expiresAt)}`;
  process.stderr.write(`${key.id} of viewer ${key.viewerId}, ${key.role}, ${end}. This is shown once, keep it:\n`);
  process.stdout.write(`${token}\n`);
  if (!auth.mode.includes('apiKey'))
    process.stderr.write('It lets nobody in yet: set auth.mode to apiKey in millrace.yaml.\n');
}

async function revoke(keys: ApiKeys, id: string | undefined): Promise<void> {
  if (id === undefined) throw new StartError('key revoke needs the id of a key, as key list shows it.');
  const { name } = await keys.revoke(id, commandLine);
  process.stdout.write(`${id} "${name}" is revoked. What is open with it ends within 5 seconds.\n`);
}

async function list(keys: ApiKeys): Promise<void> {
  let after: string | undefined;
  do {
    const { rows, hasNextPage } = await keys.page({ limit: 100, from: 'start', after });
    for (const { row } of rows) process.stdout.write(`${lineOf(row)}\n`);
    after = hasNextPage ? rows.at(-1)?.position : undefined;
  } while (after !== undefined);
}

function lineOf({ id, role, viewerId, name, createdAt, expiresAt, revokedAt, lastUsedAt, ...quota }: ApiKey): string {
  const expired = expiresAt !== null && expiresAt <= Date.now();
  const ends = expiresAt === null ? 'does not expire' : `${expired ? 'expired' : 'expires'} ${dateOf(expiresAt)}`;
  const state = revokedAt === null ? ends : `revoked ${dateOf(revokedAt)}`;
  const used = lastUsedAt === null ? 'never used' : `last used ${dateOf(lastUsedAt)}`;
  const tokens = [
    ...(quota.tokensPerDay === null ? [] : [`${quota.tokensPerDay} tokens/day`]),
    ...(quota.tokensPerMonth === null ? [] : [`${quota.tokensPerMonth} tokens/month`]),
  ];
  const times = [`made ${dateOf(createdAt)}`, state, used];
  return [id, role.padEnd(6), viewerId, ...times, ...tokens, JSON.stringify(name)].join('  ');
}

const dateOf = (time: number): string => `${new Date(time).toISOString().slice(0, 16)}Z`;

function roleOf(given = 'MEMBER'): ViewerRole {
  const role = roles.find((each) => each === given.toUpperCase());
  if (!role) throw new StartError(`--role of a key must be one of ${roles.join(', ')}.`);
  return role;
}

function tokensOf(options: KeyOptions, name: 'tokens-per-day' | 'tokens-per-month'): number | null {
  const given = options[name];
  if (given === undefined) return null;
  if (!/^[1-9]\d{0,14}$/.test(given)) throw new StartError(`--${name} must be a whole number from 1 on.`);
  return Number(given);
}

function timeOf(given: string | undefined): number | null {
  if (given === undefined) return null;
  const [, digits, unit = ''] = /^(\d{1,5})([mhd])$/.exec(given) ?? [];
  const length = Number(digits) * (units[unit] ?? Number.NaN);
  if (!(length > 0)) throw new StartError('--expires must be a length of time such as 30m, 12h or 90d.');
  return Date.now() + length;
}
