// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is how the yaml names a variable
import { describe, expect, it } from 'vitest';
import { backend, mistakes } from './load.ts';

describe('millrace.yaml', () => {
  it('reports every mistake at once, with those of the environment, in the order of the file', () => {
    const yaml = `defaultModl: x
defaultModel: lama
batchInterval: 40
models:
  - id: llama
    name:
    concurrency: 0
    queueTimeout: 0s
    timeouts: { connect: 5s, first_token: 30s }
    continuation: prefil
    backends:
      - { kind: openai, url: "gpu-1:8000/v1", model: m, apiKey: "\${GPU_KEY}" }
      - kind: openia
      - kind: openai
        name: openai-1
        url: http://u:p@x/v1
  - id: 4
    backends: []
  - id: llama
    backends: [{ kind: ngram, tokensPerSecond: -1 }, 5]
  - id: gen_x
    concurency: 4
`;
    expect(mistakes({ yaml, env: { PORT: 'x', LOG_LEVEL: 'inf' } })).toEqual([
      'PORT: must be a whole number from 0 (any free port) to 65535, not "x"',
      'LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent, not "inf". Did you mean "info"?',
      'millrace.yaml:1:1  defaultModl: unknown key. Did you mean "defaultModel"?',
      'millrace.yaml:2:1  defaultModel: names no model: it must be one of llama, gen_x. Did you mean "llama"?',
      'millrace.yaml:3:1  batchInterval: must be a length of time with its unit, such as 500ms, 60s, 5m or 1h',
      'millrace.yaml:6:5  models[0].name: has no value: give it one, or take it out',
      'millrace.yaml:7:5  models[0].concurrency: must be a whole number, 1 or more',
      'millrace.yaml:8:5  models[0].queueTimeout: must be longer than nothing',
      'millrace.yaml:9:30  models[0].timeouts.first_token: unknown key. Did you mean "firstToken"?',
      'millrace.yaml:10:5  models[0].continuation: must be prefill or restart',
      'millrace.yaml:12:25  models[0].backends[0].url: must be a URL that begins with http:// or https://',
      'millrace.yaml:12:57  models[0].backends[0].apiKey: the environment variable GPU_KEY is not set: set it, or take ${GPU_KEY} out',
      'millrace.yaml:13:9  models[0].backends[1].kind: must be one of ngram, openai. Did you mean "openai"?',
      'millrace.yaml:14:9  models[0].backends[2].model: is missing',
      'millrace.yaml:15:9  models[0].backends[2].name: another backend of this model is "openai-1" too',
      'millrace.yaml:16:9  models[0].backends[2].url: must not carry a user or password: set apiKey',
      'millrace.yaml:17:5  models[1].id: must be text: put it in quotes',
      'millrace.yaml:18:5  models[1].backends: must list at least one backend',
      'millrace.yaml:19:5  models[2].id: another model is "llama" too',
      'millrace.yaml:20:31  models[2].backends[0].tokensPerSecond: must be 0 (as fast as it goes) or more',
      'millrace.yaml:20:54  models[2].backends[1]: must be a map',
      'millrace.yaml:21:5  models[3].id: must not begin with gen_, conv_, msg_, usr_, key_, evt_: other ids do',
      'millrace.yaml:21:5  models[3].backends: is missing',
      'millrace.yaml:22:5  models[3].concurency: unknown key. Did you mean "concurrency"?',
    ]);
  });

  it('reports what is not yaml with its line, and the mistakes of the environment too', () => {
    expect(mistakes({ yaml: 'models:\n  - id: "a\n', env: { PORT: 'x' } })).toEqual([
      expect.stringMatching(/^PORT: /),
      expect.stringMatching(/^millrace\.yaml:3:1 {2}Missing closing/),
    ]);
    expect(mistakes({ yaml: '- 1' })).toEqual(['millrace.yaml:1:1  must be a map']);
    expect(mistakes({ yaml: 'models: *none' })).toEqual([
      expect.stringMatching(/^millrace\.yaml:1:9 {2}no anchor &none/),
    ]);
  });

  it('reports a key that stands twice beside all other mistakes', () => {
    expect(mistakes({ yaml: 'batchInterval: 5ms\nbatchInterval: 6ms\nmodel: x' })).toEqual([
      expect.stringMatching(/^millrace\.yaml:2:1 {2}Map keys must be unique/),
      expect.stringMatching(/^millrace\.yaml:3:1 {2}model: unknown key. Did you mean "models"/),
    ]);
  });

  it('refuses aliases that multiply without end', () => {
    const levels = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`);
    const found = mistakes({ yaml: ['a0: &a0 [x]', ...levels].join('\n') });
    expect(found).toEqual([expect.stringMatching(/^millrace\.yaml:1:1 {2}Excessive alias count/)]);
  });

  it('follows an alias to the line of the mistake', () => {
    const yaml = `models:
  - { id: a, timeouts: &t { connect: 5 }, backends: [{ kind: ngram }] }
  - { id: b, timeouts: *t, backends: [{ kind: ngram }] }`;
    expect(mistakes({ yaml })).toEqual([
      expect.stringMatching(/^millrace\.yaml:2:29 {2}models\[0\]\.timeouts\.connect: /),
      expect.stringMatching(/^millrace\.yaml:2:29 {2}models\[1\]\.timeouts\.connect: /),
    ]);
  });

  it('says once what is wrong with a variable that is not set, and nothing about the text around it', () => {
    expect(mistakes({ yaml: backend('url: "${GPU}"') })).toEqual([
      'millrace.yaml:1:56  models[0].backends[0].url: the environment variable GPU is not set: set it, or take ${GPU} out',
    ]);
  });

  it.each(['${', '${A', '${}', '${A:-b}', '${A B}'])('refuses %j, which names no variable', (name) => {
    const found = mistakes({ yaml: backend(`url: "http://x", name: "x${name}"`), env: { A: 'a' } });
    expect(found).toEqual([expect.stringMatching(/^millrace\.yaml:1:.* does not name an environment variable/)]);
  });

  it('never tells a secret', () => {
    const yaml = backend('url: "http://user:hunter2@x/v1", apiKey: "${KEY}", name: "${KEY}", concurrency: "${KEY}"');
    const found = mistakes({ yaml, env: { KEY: 'hunter2 \n', REDIS_URL: 'redis://:hunter2@x' } });
    expect(found).toHaveLength(4);
    expect(found.join('\n')).not.toContain('hunter2');
  });

  it.each(['http://x/v1?a=b', 'http://x/v1#a', 'ftp://x', 'x', 'http://x/v1/chat/completions', 'http://'])(
    'refuses the URL %j',
    (url) => {
      const found = mistakes({ yaml: backend(`url: "${url}"`) });
      expect(found).toEqual([expect.stringMatching(/^millrace\.yaml:1:\d+ {2}models\[0\]\.backends\[0\]\.url: must/)]);
    },
  );

  it.each(['1.5s', '5', '-5s', '5 s', '5d', '1h30m', '0ms', '597h', '99999999999999999999s', ''])(
    'refuses %j as a length of time',
    (length) => {
      expect(mistakes({ yaml: `logRetention: "${length}"` })).toEqual([
        expect.stringMatching(/^millrace\.yaml:1:1 {2}logRetention: must be/),
      ]);
    },
  );

  it.each(['conv_1', 'a b', '-a', 'ä', '', 'a'.repeat(129)])('refuses the model id %j', (id) => {
    const found = mistakes({ yaml: `models: [{ id: "${id}", backends: [{ kind: ngram }] }]` });
    expect(found.join()).toMatch(/^millrace\.yaml:1:12 {2}models\[0\]\.id: must/);
  });
});
