import { isIP } from 'node:net';
import { z } from 'zod';
import { lacksGroup, parseRedisUrl, redisSchemes } from '../redis-client.ts';
import { didYouMean } from '../spelling.ts';
import { inMilliseconds } from './values.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings from the command line: they go before the environment. */
export interface Options {
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly config?: string | undefined;
  readonly 'data-dir'?: string | undefined;
  readonly role?: string | undefined;
}

const optionOf: Readonly<Record<string, keyof Options>> = {
  HOST: 'host',
  PORT: 'port',
  MILLRACE_CONFIG: 'config',
  MILLRACE_DATA_DIR: 'data-dir',
  MILLRACE_ROLE: 'role',
};

/** A stop as a whole is to end within 20 s, and may take 10 s after it. */
const longestDrainDelayMs = 10_000;

const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, {
    error: ({ input }) => `must be one of ${values.join(', ')}, not "${input}".${didYouMean(String(input), values)}`,
  });

/** What is wrong with a REDIS_URL; the URL itself may hold a password. */
function redisMistake(url: string): string {
  if (lacksGroup(url)) {
    return 'lacks the name of the group that the Sentinels watch: add it behind the hosts, as in redis-sentinel://host:26379,host:26379/mymaster';
  }
  return `must be like redis://host:6379, redis-sentinel://host:26379,host:26379/group or redis-cluster://host:6379,host:6379 (${redisSchemes.join(' ')})`;
}

const shape = z.object({
  HOST: z
    .string()
    .refine((host) => isIP(host) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host), {
      error: 'must be an IP address or a host name, without scheme, brackets or port',
    })
    .default('127.0.0.1'),
  PORT: z
    .string()
    .refine((port) => /^\d{1,5}$/.test(port) && Number(port) <= 65_535, {
      error: ({ input }) => `must be a whole number from 0 (any free port) to 65535, not "${input}"`,
    })
    .transform(Number)
    .default(4000),
  MILLRACE_DATA_DIR: z.string().default('.millrace'),
  MILLRACE_ROLE: oneOf(['all', 'api', 'worker']).default('all'),
  REDIS_URL: z
    .string()
    .refine((url) => parseRedisUrl(url) !== undefined, {
      error: ({ input }) => redisMistake(String(input)),
    })
    .optional(),
  DATABASE_URL: z
    .string()
    .refine((url) => /^postgres(ql)?:\/\/[^/]+\/.+/.test(url) && URL.canParse(url), {
      error: 'must be like postgres://user:password@host:5432/database',
    })
    .optional(),
  DATABASE_POOL_SIZE: z
    .string()
    .refine((size) => /^\d{1,3}$/.test(size) && Number(size) >= 2, {
      error: ({ input }) => `must be a whole number from 2 to 999, not "${input}"`,
    })
    .transform(Number)
    .default(10),
  MILLRACE_DRAIN_DELAY: z
    .string()
    .refine((delay) => inMilliseconds(delay) <= longestDrainDelayMs, {
      error: ({ input }) =>
        `must be a length of time from 0s to 10s with its unit, such as 500ms or 5s, not "${input}"`,
    })
    .transform(inMilliseconds)
    .optional(),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

export type Settings = z.output<typeof shape>;

export interface SettingsReading {
  /** Undefined where there are mistakes. */
  readonly settings: Settings | undefined;
  /** The yaml file that was asked for by name; empty where none was. */
  readonly configFile: string;
  /** How the user said `name`: `PORT`, or `--port`. */
  readonly placeOf: (name: string) => string;
  readonly mistakes: readonly string[];
}

/** Reads what is set by environment and command line. An empty variable counts as not set. */
export function readSettings({ env, options }: { env: Environment; options: Options }): SettingsReading {
  const values: Record<string, string> = {};
  const places: Record<string, string> = {};
  for (const name of [...Object.keys(shape.shape), 'MILLRACE_CONFIG']) {
    const option = optionOf[name];
    const given = option === undefined ? undefined : options[option];
    const value = given ?? env[name];
    if (given !== undefined) places[name] = `--${option}`;
    if (value !== undefined && (value !== '' || given !== undefined)) values[name] = value;
  }
  const placeOf = (name: string) => places[name] ?? name;
  const result = shape.safeParse(values);
  const mistakes = [
    ...(result.error?.issues ?? []).map(({ path, message }) => [String(path[0]), message] as const),
    ...emptyOptions(values, places),
    ...distributedMode(values),
  ];
  return {
    settings: mistakes.length === 0 ? result.data : undefined,
    configFile: values.MILLRACE_CONFIG ?? '',
    placeOf,
    mistakes: mistakes.map(([name, message]) => `${placeOf(name)}: ${message}`),
  };
}

type Mistake = readonly [name: string, message: string];

function emptyOptions(values: Environment, places: Environment): Mistake[] {
  const said = ['MILLRACE_CONFIG', 'MILLRACE_DATA_DIR'].filter((name) => places[name] && values[name] === '');
  return said.map((name) => [name, 'needs a path']);
}

function distributedMode(values: Environment): Mistake[] {
  const urls = ['REDIS_URL', 'DATABASE_URL'].filter((name) => values[name] !== undefined);
  const mistakes: Mistake[] = [];
  if (urls.length === 1) {
    const missing = urls[0] === 'REDIS_URL' ? 'DATABASE_URL' : 'REDIS_URL';
    mistakes.push([
      urls[0] ?? '',
      `means nothing without ${missing}: set both for many nodes, neither for one process`,
    ]);
  }
  const role = values.MILLRACE_ROLE;
  if ((role === 'api' || role === 'worker') && urls.length < 2) {
    mistakes.push(['MILLRACE_ROLE', `${role} needs REDIS_URL and DATABASE_URL: alone, one process does all`]);
  }
  return mistakes;
}
