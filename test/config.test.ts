// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is how the yaml names a variable
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { backend, cwd, load, mistakes } from './config/load.ts';

const openai = (yaml: string, env: Record<string, string> = {}) => {
  const found = load({ yaml, env }).models[0]?.backends[0];
  if (found?.kind !== 'openai') throw new Error('not an openai backend');
  return found;
};

describe('without a file and with an empty environment', () => {
  it('has the defaults, and the built-in model', () => {
    expect(load()).toEqual({
      host: '127.0.0.1',
      port: 4000,
      dataDir: join(cwd, '.millrace'),
      distributed: null,
      role: 'all',
      drainDelayMs: 0,
      logLevel: 'info',
      auth: { mode: ['none'], jwt: null },
      server: { origins: [], trustedProxies: 0, introspection: true, graphiql: true, trustedDocuments: null },
      limits: {
        bodyBytes: 4 * 2 ** 20,
        promptCharacters: 1_000_000,
        maxTokens: 131_072,
        operation: { depth: 20, aliases: 100, documentTokens: 5_000, objects: 50_000 },
        operationsPerSecond: { viewer: null, ip: null },
        signInFailuresPerMinute: null,
        sockets: { viewer: null, ip: null },
        messagesPerSecond: 100,
        subscriptionsPerSocket: 200,
        generationsAtOnce: null,
        tokensPerDay: null,
        tokensPerMonth: null,
      },
      configFile: null,
      batchIntervalMs: 40,
      logRetentionMs: 3_600_000,
      defaultModel: 'ngram-moby-dick',
      models: [
        {
          id: 'ngram-moby-dick',
          name: 'Moby Dick n-gram',
          queueTimeoutMs: 60_000,
          timeouts: { connectMs: 5000, firstTokenMs: 30_000, betweenTokensMs: 15_000, probeMs: 700 },
          maxAttempts: 8,
          probeIntervalMs: 1000,
          backends: [
            { kind: 'ngram', name: 'ngram-1', concurrency: 256, continuation: 'prefill', tokensPerSecond: 40 },
          ],
        },
      ],
    });
  });

  it('gives a config that nobody can change, down to its leaves', () => {
    const frozen = (value: object): boolean =>
      Object.isFrozen(value) && Object.values(value).every((part) => typeof part !== 'object' || !part || frozen(part));
    expect(frozen(load())).toBe(true);
  });
});

describe('environment', () => {
  it('sets everything that belongs to the process, and an empty variable counts as not set', () => {
    const env = { HOST: '::1', PORT: '0', MILLRACE_DATA_DIR: '/data', LOG_LEVEL: 'silent', REDIS_URL: '' };
    expect(load({ env })).toMatchObject({ host: '::1', port: 0, dataDir: '/data', logLevel: 'silent' });
  });

  it('is overruled by the command line, whose mistakes bear the name of the option', () => {
    expect(load({ env: { PORT: 'x' }, options: { port: '5' } }).port).toBe(5);
    expect(mistakes({ env: { PORT: '5' }, options: { port: 'x', 'data-dir': '' } })).toEqual([
      expect.stringMatching(/^--port: must be a whole number from 0/),
      '--data-dir: needs a path',
    ]);
  });

  it.each(['65536', '-1', '80.5', '1e3', ' ', 'http'])('refuses the port %j', (PORT) => {
    expect(mistakes({ env: { PORT } })).toEqual([expect.stringMatching(/^PORT: /)]);
  });

  it.each(['http://127.0.0.1', '127.0.0.1:80', '[::1]', 'a b'])('refuses the host %j', (HOST) => {
    expect(mistakes({ env: { HOST } })).toEqual([expect.stringMatching(/^HOST: must be an IP address or a host name/)]);
  });

  it.each(['0.0.0.0', '::', '192.168.0.7', 'example.org', '127.example.org'])(
    'refuses %j where nobody is asked who they are',
    (HOST) => {
      expect(mistakes({ env: { HOST } })).toEqual([
        expect.stringMatching(/^HOST: .*auth\.mode is none.*Set auth\.mode/),
      ]);
      expect(load({ env: { HOST }, yaml: 'auth: { mode: apiKey }' }).host).toBe(HOST);
    },
  );

  it('has both places of the distributed mode, or none', () => {
    const databaseUrl = 'postgres://ann:pw@db:5432/millrace';
    const env = { REDIS_URL: 'redis-cluster://:pw@a:7000,b', DATABASE_URL: databaseUrl, DATABASE_POOL_SIZE: '25' };
    const hosts = [
      { host: 'a', port: 7000 },
      { host: 'b', port: 6379 },
    ];
    expect(load({ env: { ...env, MILLRACE_ROLE: 'worker' } })).toMatchObject({
      role: 'worker',
      distributed: {
        redis: { kind: 'cluster', hosts, options: { password: 'pw' } },
        databaseUrl,
        databasePoolSize: 25,
      },
    });
    expect(load().distributed).toBeNull();
    expect(mistakes({ env: { REDIS_URL: 'x', DATABASE_URL: 'mysql://x/y', DATABASE_POOL_SIZE: '1' } })).toEqual([
      expect.stringMatching(/^REDIS_URL: must be like redis:/),
      expect.stringMatching(/^DATABASE_URL: must be like postgres:/),
      expect.stringMatching(/^DATABASE_POOL_SIZE: must be a whole number from 2/),
    ]);
    expect(mistakes({ env: { REDIS_URL: 'redis-sentinel://:pw@a,b:7', DATABASE_URL: databaseUrl } })).toEqual([
      expect.stringMatching(/^REDIS_URL: lacks the name of the group that the Sentinels watch(?!.*pw)/),
    ]);
    expect(mistakes({ env: { DATABASE_URL: 'postgres://x/y' } })).toEqual([
      expect.stringMatching(/^DATABASE_URL: means nothing without REDIS_URL/),
    ]);
    expect(mistakes({ env: { MILLRACE_ROLE: 'worker' } })).toEqual([
      expect.stringMatching(/^MILLRACE_ROLE: worker needs REDIS_URL and DATABASE_URL/),
    ]);
    expect(mistakes({ env: { MILLRACE_ROLE: 'apo' } })).toEqual([
      'MILLRACE_ROLE: must be one of all, api, worker, not "apo". Did you mean "api"?',
    ]);
  });

  it('lets a balancer see a stop coming where there are many nodes, as long as was asked for', () => {
    const many = { REDIS_URL: 'redis://x', DATABASE_URL: 'postgres://x/y' };
    expect(load({ env: many }).drainDelayMs).toBe(2_000);
    expect(load({ env: { ...many, MILLRACE_DRAIN_DELAY: '0s' } }).drainDelayMs).toBe(0);
    expect(load({ env: { MILLRACE_DRAIN_DELAY: '10s' } }).drainDelayMs).toBe(10_000);
    for (const wrong of ['11s', '2', 'x']) {
      expect(mistakes({ env: { MILLRACE_DRAIN_DELAY: wrong } })).toEqual([
        `MILLRACE_DRAIN_DELAY: must be a length of time from 0s to 10s with its unit, such as 500ms or 5s, not "${wrong}"`,
      ]);
    }
  });

  it('names the yaml file, which then must be there', () => {
    writeFileSync(join(cwd, 'other.yaml'), 'batchInterval: 5ms');
    expect(load({ env: { MILLRACE_CONFIG: 'other.yaml' } })).toMatchObject({
      configFile: join(cwd, 'other.yaml'),
      batchIntervalMs: 5,
    });
    expect(mistakes({ env: { MILLRACE_CONFIG: 'none.yaml' } })).toEqual([
      `MILLRACE_CONFIG: there is no file ${join(cwd, 'none.yaml')}`,
    ]);
    expect(mistakes({ options: { config: '.' } })).toEqual([expect.stringMatching(/^--config: can't be read: EISDIR/)]);
  });
});

describe('millrace.yaml', () => {
  it('gives each backend what it says itself, else its model, else its kind', () => {
    const { models, defaultModel } = load({
      yaml: `
models:
  - id: meta-llama/Llama-3.1-8B
    continuation: prefill
    timeouts: { connect: 250ms, probe: 2s }
    queueTimeout: 5m
    concurrency: 4
    backends:
      - { kind: openai, url: "https://gpu-1:8000/v1//", model: m, apiKey: k, concurrency: 8 }
      - { kind: openai, url: "http://gpu-2", model: m, name: second }
  - id: b
    backends: [{ kind: openai, url: "http://gpu-1/", model: m }, { kind: ngram, tokensPerSecond: 0 }]
`,
    });
    expect(defaultModel).toBe('meta-llama/Llama-3.1-8B');
    expect(models[0]).toMatchObject({
      name: 'meta-llama/Llama-3.1-8B',
      queueTimeoutMs: 300_000,
      timeouts: { connectMs: 250, firstTokenMs: 30_000, betweenTokensMs: 15_000, probeMs: 2_000 },
    });
    const common = { kind: 'openai', model: 'm' };
    expect(models.flatMap(({ backends }) => backends)).toEqual([
      {
        ...common,
        name: 'openai-1',
        concurrency: 8,
        continuation: 'prefill',
        url: 'https://gpu-1:8000/v1',
        apiKey: 'k',
      },
      { ...common, name: 'second', concurrency: 4, continuation: 'prefill', url: 'http://gpu-2', apiKey: null },
      { ...common, name: 'openai-1', concurrency: 16, continuation: 'restart', url: 'http://gpu-1', apiKey: null },
      { kind: 'ngram', name: 'ngram-2', concurrency: 256, continuation: 'prefill', tokensPerSecond: 0 },
    ]);
  });

  it('may be empty, and then says what no file says', () => {
    expect(load({ yaml: '# nothing\n' })).toEqual({ ...load(), configFile: join(cwd, 'millrace.yaml') });
  });

  it('takes numbers from the environment, and keeps a text of digits a text', () => {
    const yaml = backend('url: "http://${GPU}:${PORT_THERE}/v1", apiKey: "${KEY}", concurrency: "${MANY}"');
    const found = openai(yaml, { GPU: 'gpu-1', PORT_THERE: '81', KEY: '123', MANY: '3' });
    expect(found).toMatchObject({ url: 'http://gpu-1:81/v1', apiKey: '123', concurrency: 3 });
  });

  it('replaces nothing in what it has replaced, and leaves $${ a plain ${', () => {
    const yaml = backend('url: "http://x", name: "${A}$${A}$5", apiKey: "$${"');
    expect(openai(yaml, { A: '${A}' })).toMatchObject({ name: '${A}${A}$5', apiKey: '${' });
  });
});

it('docker/millrace.yaml lets the nodes of docker-compose.yml start', () => {
  const yaml = readFileSync(new URL('../docker/millrace.yaml', import.meta.url), 'utf8');
  expect(load({ yaml, env: { HOST: '0.0.0.0' } }).auth).toEqual({ mode: ['apiKey'], jwt: null });
});

describe('auth', () => {
  const jwt = 'issuer: "https://a.example/", audience: b, jwks';

  it('has the issuer of tokens with its defaults; the path of its keys begins where the command was given', () => {
    writeFileSync(join(cwd, 'keys.json'), '{"keys":[]}');
    const { auth } = load({ yaml: `auth: { mode: [apiKey, jwt], jwt: { ${jwt}: keys.json } }` });
    expect(auth).toEqual({
      mode: ['apiKey', 'jwt'],
      jwt: {
        ...{ issuer: 'https://a.example/', audience: 'b', jwks: join(cwd, 'keys.json'), clockToleranceMs: 5_000 },
        ...{ roleClaim: 'role', nameClaim: 'name', defaultRole: 'MEMBER' },
      },
    });
  });

  it('is told of every mistake at once, each with its line', () => {
    const yaml = `auth:
  mode: [jwt, ap]
  jwt:
    issuer: ''
    jwks: http://a.example/jwks.json
    clockTolerance: 5
    defaultRole: ROOT
    algorithms: [none]
batchInterval: 40`;
    expect(mistakes({ yaml })).toEqual([
      expect.stringMatching(/^millrace\.yaml:2:15 {2}auth\.mode\[1\]: must be one of/),
      expect.stringMatching(/^millrace\.yaml:3:3 {2}auth\.jwt\.audience: is missing/),
      expect.stringMatching(/^millrace\.yaml:4:5 {2}auth\.jwt\.issuer: must not be empty/),
      expect.stringMatching(/^millrace\.yaml:5:5 {2}auth\.jwt\.jwks: must be a URL that begins with https/),
      expect.stringMatching(/^millrace\.yaml:6:5 {2}auth\.jwt\.clockTolerance: must be a length of time/),
      expect.stringMatching(/^millrace\.yaml:7:5 {2}auth\.jwt\.defaultRole: must be/),
      expect.stringMatching(/^millrace\.yaml:8:5 {2}auth\.jwt\.algorithms: unknown key/),
      expect.stringMatching(/^millrace\.yaml:9:1 {2}batchInterval/),
    ]);
  });

  it('needs the issuer where mode is jwt, and has none where it is not', () => {
    expect(mistakes({ yaml: 'batchInterval: 5\nauth:\n  mode: jwt' })).toEqual([
      expect.stringMatching(/^millrace\.yaml:1:1 /),
      'millrace.yaml:2:1  auth.jwt: is missing: auth.mode jwt needs issuer, audience and jwks',
    ]);
    for (const mode of ['none', 'apiKey', '[apiKey]']) {
      expect(mistakes({ yaml: `auth:\n  mode: ${mode}\n  jwt: { ${jwt}: k }` })).toEqual([
        'millrace.yaml:3:3  auth.jwt: means nothing unless auth.mode is jwt, or a list that has it',
      ]);
    }
  });

  it.each([
    ['none.json', /none\.json can't be read as JSON: ENOENT/],
    ['text.json', /text\.json can't be read as JSON/],
    ['other.json', /other\.json must be a JSON Web Key Set/],
  ])('is told that %s has no keys', (place, why) => {
    writeFileSync(join(cwd, 'text.json'), 'keys');
    writeFileSync(join(cwd, 'other.json'), '[]');
    expect(mistakes({ yaml: `auth: { mode: jwt, jwt: { ${jwt}: ${place} } }` })).toEqual([
      expect.stringMatching(new RegExp(`auth\\.jwt\\.jwks: .*${why.source}`)),
    ]);
  });

  it.each([
    'https://a.example/k',
    'http://127.0.0.1:9/k',
    'http://localhost/k',
    'http://[::1]:9/k',
    './k.json',
    'k.json',
  ])('takes keys from %s', (place) => {
    writeFileSync(join(cwd, 'k.json'), '{"keys":[]}');
    expect(mistakes({ yaml: `auth: { mode: jwt, jwt: { ${jwt}: "${place}" } }` })).toEqual([]);
  });

  it.each(['http://a.example/k', 'ftp://a.example/k', 'http://127.example.org/k', 'file:///k'])(
    'takes no keys from %s',
    (place) => {
      expect(mistakes({ yaml: `auth: { mode: jwt, jwt: { ${jwt}: "${place}" } }` })).toHaveLength(1);
    },
  );
});

describe('millrace.example.yaml', () => {
  const example = readFileSync(new URL('../millrace.example.yaml', import.meta.url), 'utf8');

  it('is right, also with what it has commented out', () => {
    expect(load({ yaml: example }).models).toHaveLength(2);
    const all = load({ yaml: example.replace('# apiKey', 'apiKey'), env: { GPU_KEY: 'k' } });
    expect(all.models[1]?.backends[0]).toMatchObject({ apiKey: 'k' });
  });

  it('shows the defaults: its first model is the built-in one', () => {
    const { models, ...rest } = load();
    const { models: shown, ...restShown } = load({ yaml: example });
    expect(restShown).toEqual({ ...rest, configFile: join(cwd, 'millrace.yaml') });
    expect(shown[0]).toEqual(models[0]);
    const { id: _, name: __, backends: ___, ...policies } = models[0] ?? {};
    expect(shown[1]).toMatchObject(policies);
  });

  it('has every key that there is', () => {
    const yaml = `
zzzzzzzzz: 1
auth: { mode: jwt, jwt: { zzzzzzzzz: 1 } }
models:
  - zzzzzzzzz: 1
    timeouts: { zzzzzzzzz: 1 }
    backends: [{ kind: ngram, zzzzzzzzz: 1 }, { kind: openai, zzzzzzzzz: 1 }]`;
    const known = mistakes({ yaml }).flatMap((line) => /Known: (.*)/.exec(line)?.[1]?.split(', ') ?? []);
    expect(known).toContain('tokensPerSecond');
    expect(known.filter((key) => !new RegExp(`\\b${key}:`).test(example))).toEqual([]);
  });
});
