import { z } from 'zod';
import { idPrefix, nodePrefixes } from '../domain/ids.ts';
import { didYouMean } from '../spelling.ts';
import { authMismatch, authShape } from './auth.ts';
import type { Finding } from './document.ts';
import { limitsShape } from './limits.ts';
import { serverShape } from './server.ts';
import { duration, section, text, wholeNumber, wording } from './values.ts';

const ngram = section({
  kind: z.literal('ngram'),
  name: text().optional(),
  concurrency: wholeNumber().optional(),
  tokensPerSecond: z
    .preprocess(
      (value) => (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value),
      z
        .number('must be a number: 0 is as fast as it goes')
        .min(0, 'must be 0 (as fast as it goes) or more')
        .default(40),
    )
    .default(40),
});

const openai = section({
  kind: z.literal('openai'),
  name: text().optional(),
  concurrency: wholeNumber().optional(),
  url: text().transform((url, context) => baseUrl(url, (message) => context.addIssue({ code: 'custom', message }))),
  model: text(),
  apiKey: text()
    .regex(/^[\x21-\x7e]+$/, 'must be plain ASCII without spaces or line ends: it is sent in a header')
    .optional(),
});

const kinds = ['ngram', 'openai'];

const model = section({
  id: text()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$/, 'must be at most 128 letters, digits and . _ : / @ + -')
    .refine((id) => idPrefix(id) === undefined, `must not begin with ${nodePrefixes.join('_, ')}_: other ids do`),
  name: text().optional(),
  concurrency: wholeNumber().optional(),
  queueTimeout: duration('60s'),
  timeouts: section({
    connect: duration('5s'),
    firstToken: duration('30s'),
    betweenTokens: duration('15s'),
    // A backend that froze just after a probe is known to be out within 2 s, as one that refuses is.
    probe: duration('700ms'),
  }).prefault({}),
  continuation: z.enum(['prefill', 'restart'], 'must be prefill or restart').default('restart'),
  maxAttempts: wholeNumber().default(8),
  probeInterval: duration('1s'),
  backends: z
    .array(
      z.discriminatedUnion('kind', [ngram, openai], {
        error: ({ code, input }) => (code === 'invalid_union' ? unknownKind(input) : undefined),
      }),
    )
    .min(1, 'must list at least one backend'),
});

const file = section({
  auth: authShape,
  server: serverShape,
  limits: limitsShape,
  defaultModel: text().optional(),
  batchInterval: duration('40ms'),
  logRetention: duration('1h'),
  models: z
    .array(model)
    .min(1, 'must list at least one model; leave models out for the built-in one')
    .prefault([{ id: 'ngram-moby-dick', name: 'Moby Dick n-gram', backends: [{ kind: 'ngram' }] }]),
});

export type ConfigFile = z.output<typeof file>;
export type ModelEntry = ConfigFile['models'][number];
export type BackendEntry = ModelEntry['backends'][number];

/** Takes the plain values of millrace.yaml for what they are, with all defaults, or finds everything wrong with them. */
export function readFileShape(value: unknown): { file: ConfigFile | undefined; findings: Finding[] } {
  const result = file.safeParse(value, { error: wording });
  const findings: Finding[] = [...(result.error?.issues ?? []), ...misnamings(value), ...authMismatch(value)];
  return { file: findings.length === 0 ? result.data : undefined, findings };
}

/** A backend's name in its model: its own, or its kind and its place in the list. */
export const backendName = ({ kind, name }: { kind?: string; name?: string }, index: number): string =>
  name ?? `${kind}-${index + 1}`;

function unknownKind(backend: unknown): string {
  const kind = String((backend as { kind?: unknown }).kind ?? '');
  return `must be one of ${kinds.join(', ')}.${didYouMean(kind, kinds)}`;
}

/** A server's base URL without slashes at its end; whatever the requests could not be built on is reported. */
function baseUrl(url: string, report: (message: string) => void): string {
  const { protocol, username, password, search, hash, origin, pathname } = URL.parse(url) ?? { protocol: '' };
  const base = `${origin}${pathname}`.replace(/\/+$/, '');
  if (protocol !== 'http:' && protocol !== 'https:') report('must be a URL that begins with http:// or https://');
  else if (username || password) report('must not carry a user or password: set apiKey');
  else if (search || hash) report('must not carry ? or #: paths are added to its end');
  else if (/\/(chat\/)?(completions|models)$/.test(base)) report('must be the base of the API, as http://host:8000/v1');
  return base;
}

/** Only what naming needs, and nothing refused: so that these mistakes are found beside all others. */
const name = z.string().optional().catch(undefined);
const listOf = <T extends z.ZodType>(item: T) => z.array(item).default([]).catch([]);
const backendOutline = z.object({ kind: name, name }).catch({});
const modelOutline = z.object({ id: name, backends: listOf(backendOutline) }).catch({ backends: [] });
const outline = z.object({ defaultModel: name, models: listOf(modelOutline) }).catch({ models: [] });

function misnamings(value: unknown): Finding[] {
  const { defaultModel, models } = outline.parse(value);
  const ids = models.map(({ id }) => id);
  const findings = repeated(ids).map((i) => ({
    path: ['models', i, 'id'],
    message: `another model is "${ids[i]}" too`,
  }));
  for (const [i, { backends }] of models.entries()) {
    const names = backends.map((backend, j) => backendName(backend, j));
    for (const j of repeated(names)) {
      const message = `another backend of this model is "${names[j]}" too`;
      findings.push({ path: ['models', i, 'backends', j, 'name'], message });
    }
  }
  if (defaultModel !== undefined && ids.length > 0 && !ids.includes(defaultModel)) {
    const known = [...new Set(ids)].filter((id) => id !== undefined);
    const message = `names no model: it must be one of ${known.join(', ')}.${didYouMean(defaultModel, known)}`;
    findings.push({ path: ['defaultModel'], message });
  }
  return findings;
}

/** The indexes of those that came before. */
const repeated = (names: readonly (string | undefined)[]): number[] =>
  names.flatMap((name, i) => (name !== undefined && names.indexOf(name) < i ? [i] : []));
