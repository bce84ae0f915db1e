import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type AuthConfig, authConfig, exposure, wrongKeyFile } from './config/auth.ts';
import { readDocument } from './config/document.ts';
import { type LimitsConfig, limitsConfig } from './config/limits.ts';
import type { ServerConfig } from './config/server.ts';
import { type Environment, type Options, readSettings, type Settings } from './config/settings.ts';
import { type BackendEntry, backendName, type ModelEntry, readFileShape } from './config/shape.ts';
import { readTrustedDocuments } from './config/trusted.ts';
import { parseRedisUrl, type RedisAddress } from './redis-client.ts';

/** Everything that can be set, checked and with its defaults; frozen through and through. */
export interface Config {
  /** The address to listen on. */
  readonly host: string;
  /** The port to listen on; 0 for any free one. */
  readonly port: number;
  /** Absolute path of the folder that all data lies in; may not exist yet. */
  readonly dataDir: string;
  /** Where the shared parts are; null for one process with everything in its folder. */
  readonly distributed: DistributedConfig | null;
  /** Which part of the work this process does. */
  readonly role: 'all' | 'api' | 'worker';
  /** How long a server that stops still serves, for balancers to see at `/ready` that it is going, in milliseconds. */
  readonly drainDelayMs: number;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  /** Absolute path of the yaml file that was read; null where there is none. */
  readonly configFile: string | null;
  /** How long tokens gather before they are written, in milliseconds; the first is written at once. */
  readonly batchIntervalMs: number;
  /** How long a log is kept after its generation has ended, in milliseconds. */
  readonly logRetentionMs: number;
  readonly auth: AuthConfig;
  readonly server: ServerConfig;
  readonly limits: LimitsConfig;
  /** Id of the model for those who name none; one of `models`. */
  readonly defaultModel: string;
  /** At least one; ids are unique. */
  readonly models: readonly ModelConfig[];
}

/** Secret: the URLs may hold passwords, and are never logged. */
export interface DistributedConfig {
  readonly redis: RedisAddress;
  readonly databaseUrl: string;
  /** How many connections this process opens to the database, at most. */
  readonly databasePoolSize: number;
}

export interface ModelConfig {
  /** What clients ask for it by. */
  readonly id: string;
  /** What people read. */
  readonly name: string;
  /** How long a generation waits while no backend can serve, in milliseconds. */
  readonly queueTimeoutMs: number;
  readonly timeouts: {
    /** Until there is a connection, in milliseconds. */
    readonly connectMs: number;
    /** From the connection to the first token, in milliseconds. */
    readonly firstTokenMs: number;
    /** From one token to the next, in milliseconds. */
    readonly betweenTokensMs: number;
    /** For the answer to the question whether a backend can serve, in milliseconds. */
    readonly probeMs: number;
  };
  /** How often a generation may fail before it ends as FAILED. */
  readonly maxAttempts: number;
  /** How often each backend is asked whether it can serve, in milliseconds. */
  readonly probeIntervalMs: number;
  /** At least one; names are unique. */
  readonly backends: readonly BackendConfig[];
}

export type BackendConfig = NgramBackendConfig | OpenAiBackendConfig;

interface BackendCommon {
  /** Unique within the model. Clients see it. */
  readonly name: string;
  /** How many generations it runs at once, at most. */
  readonly concurrency: number;
  /** What a next attempt does with the text so far: goes on from it, or throws it away. */
  readonly continuation: 'prefill' | 'restart';
}

export interface NgramBackendConfig extends BackendCommon {
  readonly kind: 'ngram';
  /** 0 is as fast as it goes. */
  readonly tokensPerSecond: number;
  readonly continuation: 'prefill';
}

export interface OpenAiBackendConfig extends BackendCommon {
  readonly kind: 'openai';
  /** http or https, without a slash at its end: `/chat/completions` comes right after it. */
  readonly url: string;
  /** The model's name over there. */
  readonly model: string;
  /** Secret: sent as a bearer token, never logged. Null where the server asks for none. */
  readonly apiKey: string | null;
}

/** Balancers that ask every second or more often have seen it by then. */
const drainDelayOfManyMs = 2_000;

/** Everything that is wrong with the configuration, one line each, with its place. */
export class ConfigError extends Error {
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.name = 'ConfigError';
    this.mistakes = mistakes;
  }
}

/**
 * Reads the environment and millrace.yaml. `options` are the command line's and go before the environment;
 * relative paths begin at `cwd`.
 *
 * @throws ConfigError with every mistake in all of them.
 */
export function loadConfig({
  env = process.env,
  options = {},
  cwd = process.cwd(),
}: {
  env?: Environment;
  options?: Options;
  cwd?: string;
} = {}): Config {
  const { settings, configFile: named, placeOf, mistakes } = readSettings({ env, options });
  const configFile = resolve(cwd, named || 'millrace.yaml');
  let text: string | undefined;
  const found: string[] = [...mistakes];
  try {
    text = readFileSync(configFile, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const place = named ? placeOf('MILLRACE_CONFIG') : 'millrace.yaml';
    if (code !== 'ENOENT') found.push(`${place}: can't be read: ${message}`);
    else if (named) found.push(`${place}: there is no file ${configFile}`);
  }
  const { file, trusted, mistakes: inFile } = readFile({ name: named || 'millrace.yaml', text: text ?? '', env }, cwd);
  found.push(...inFile);
  if (settings && file) found.push(...exposure(settings, file.auth).map((why) => `${placeOf('HOST')}: ${why}`));
  if (!settings || !file || found.length > 0) throw new ConfigError(found);
  const distributed = distributedConfig(settings);
  return deepFreeze({
    host: settings.HOST,
    port: settings.PORT,
    dataDir: resolve(cwd, settings.MILLRACE_DATA_DIR),
    distributed,
    role: settings.MILLRACE_ROLE,
    drainDelayMs: settings.MILLRACE_DRAIN_DELAY ?? (distributed ? drainDelayOfManyMs : 0),
    logLevel: settings.LOG_LEVEL,
    configFile: text === undefined ? null : configFile,
    batchIntervalMs: file.batchInterval,
    logRetentionMs: file.logRetention,
    auth: authConfig(file.auth, cwd),
    server: { ...file.server, trustedDocuments: trusted },
    limits: limitsConfig(file.limits, !file.auth.mode.includes('none')),
    defaultModel: file.defaultModel ?? file.models[0]?.id ?? '',
    models: file.models.map(modelConfig),
  });
}

function distributedConfig(settings: Settings): DistributedConfig | null {
  const { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl, DATABASE_POOL_SIZE: databasePoolSize } = settings;
  const redis = redisUrl === undefined ? undefined : parseRedisUrl(redisUrl);
  return redis && databaseUrl !== undefined ? { redis, databaseUrl, databasePoolSize } : null;
}

/** An absent file is read as an empty one: its defaults are the built-in model's. */
function readFile(source: { name: string; text: string; env: Environment }, cwd: string) {
  const document = readDocument(source);
  if (document.value === undefined) return { file: undefined, trusted: null, mistakes: document.mistakes([]) };
  const { file, findings } = readFileShape(document.value);
  const { documents: trusted, findings: untrusted } = readTrustedDocuments(document.value, cwd);
  return {
    file,
    trusted,
    mistakes: document.mistakes([...findings, ...untrusted, ...wrongKeyFile(document.value, cwd)]),
  };
}

function modelConfig(entry: ModelEntry): ModelConfig {
  return {
    id: entry.id,
    name: entry.name ?? entry.id,
    queueTimeoutMs: entry.queueTimeout,
    timeouts: {
      connectMs: entry.timeouts.connect,
      firstTokenMs: entry.timeouts.firstToken,
      betweenTokensMs: entry.timeouts.betweenTokens,
      probeMs: entry.timeouts.probe,
    },
    maxAttempts: entry.maxAttempts,
    probeIntervalMs: entry.probeInterval,
    backends: entry.backends.map((backend, index) => backendConfig(entry, backend, index)),
  };
}

function backendConfig(model: ModelEntry, backend: BackendEntry, index: number): BackendConfig {
  const name = backendName(backend, index);
  const atOnce = backend.concurrency ?? model.concurrency;
  if (backend.kind === 'ngram') {
    const { kind, tokensPerSecond } = backend;
    return { kind, name, concurrency: atOnce ?? 256, continuation: 'prefill', tokensPerSecond };
  }
  const { kind, url, model: modelThere, apiKey = null } = backend;
  return { kind, name, concurrency: atOnce ?? 16, continuation: model.continuation, url, model: modelThere, apiKey };
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part);
  return Object.freeze(value);
}
