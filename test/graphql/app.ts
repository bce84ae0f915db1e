import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionResult } from 'graphql';
import { pino } from 'pino';
import type { Authenticator } from '../../src/auth/auth.ts';
import { compose, embedded } from '../../src/compose.ts';
import { loadConfig } from '../../src/config.ts';
import type { Pipeline } from '../../src/graphql/graphql.ts';
import { createHttpServer } from '../../src/server/server.ts';
import { temporaryFolder } from '../folder.ts';

type Parts = Awaited<ReturnType<typeof embedded>>;
type Variables = Readonly<Record<string, unknown>>;
interface Answer<Data> {
  readonly data: Data;
  readonly errors?: ExecutionResult['errors'];
}

export interface AppOptions {
  /** millrace.yaml; the built-in model, as fast as it goes, without one. */
  readonly yaml?: string;
  /** Puts other parts in the place of some. */
  readonly alter?: (parts: Parts) => Partial<Parts>;
  /** Who comes in by which token; everybody, as an admin, without one. */
  readonly auth?: Authenticator;
}

/** The whole server in this process, without a socket until `listen`, on a folder of its own. */
export interface TestApp extends AsyncDisposable {
  readonly parts: Parts;
  readonly pipeline: Pipeline;
  /** What was logged, the levels as pino numbers them. */
  readonly logged: readonly { readonly level: number; readonly errorId?: string; readonly err?: { message: string } }[];
  /**
   * Runs an operation through the pipeline, of a client that shows `token`, and gives all of its answer.
   * @throws MillraceError where the token is refused
   */
  ask<Data = Record<string, never>>(query: string, variables?: Variables, token?: string): Promise<Answer<Data>>;
  /** The data of an operation. @throws Error with the message and the code of the answer's first error */
  get<Data>(query: string, variables?: Variables, token?: string): Promise<Data>;
  /** The answers of a subscription. */
  subscribe<Data>(query: string, variables?: Variables, token?: string): Promise<AsyncIterableIterator<Answer<Data>>>;
  /** Serves on a free port of 127.0.0.1; resolves with `http://127.0.0.1:…`. */
  listen(): Promise<string>;
}

const builtIn = 'models: [{ id: ngram, name: N-gram, backends: [{ kind: ngram, tokensPerSecond: 0 }] }]';

export async function startApp({ yaml = builtIn, alter = () => ({}), auth }: AppOptions = {}): Promise<TestApp> {
  const folder = temporaryFolder();
  writeFileSync(join(folder.path, 'millrace.yaml'), yaml);
  const config = loadConfig({ env: {}, cwd: folder.path });
  const logged: TestApp['logged'][number][] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => logged.push(JSON.parse(line)) });
  const own = await embedded(config);
  const parts = { ...own, ...alter(own) };
  const app = await compose(config, parts, logger, auth);
  const http = createHttpServer({ ...app, logger, trustedProxies: 0, limits: config.limits });
  await app.work();
  let listening = false;
  const run = async (query: string, variables: Variables = {}, token?: string) =>
    app.pipeline.execute({ query, variables }, await app.pipeline.connect('127.0.0.1', token));

  async function ask<Data>(query: string, variables?: Variables, token?: string): Promise<Answer<Data>> {
    const result = await run(query, variables, token);
    if ('poll' in result) throw new Error('This is a subscription.');
    return plain(result) as Answer<Data>;
  }

  return {
    parts,
    pipeline: app.pipeline,
    logged,
    ask,
    async get<Data>(query: string, variables?: Variables, token?: string) {
      const { data, errors } = await ask<Data>(query, variables, token);
      if (errors?.[0]) throw Object.assign(new Error(errors[0].message), errors[0].extensions);
      return data;
    },
    async subscribe<Data>(query: string, variables?: Variables, token?: string) {
      const result = await run(query, variables, token);
      if (!('poll' in result))
        throw Object.assign(new Error(result.errors?.[0]?.message), result.errors?.[0]?.extensions);
      const answers = result[Symbol.asyncIterator]() as AsyncIterator<Answer<Data>>;
      return Object.assign(answers, { [Symbol.asyncIterator]: () => answers }) as AsyncIterableIterator<Answer<Data>>;
    },
    listen() {
      listening = true;
      return http.listen(0, '127.0.0.1');
    },
    async [Symbol.asyncDispose]() {
      await app.handOver();
      app.leave();
      await (listening ? http.close(500) : app.pipeline.close());
      await app.close();
      folder.remove();
    },
  };
}

/** As a client gets it. */
const plain = (result: ExecutionResult): unknown => JSON.parse(JSON.stringify(result));
