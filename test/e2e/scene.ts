import { expect } from 'vitest';
import {
  GenerateDocument,
  type GenerateMutationVariables,
  GenerationDocument,
} from '../../src/client/generated/operations.ts';
import { type ScriptedServer, startScriptedServer } from '../backends/scripted-server.ts';
import { ask } from './client.ts';
import { Reader } from './reader.ts';
import { startServer, type TestServer } from './server.ts';

/** A model's settings in millrace.yaml, and how many scripted servers stand behind it: `a`, `b`, `c`. */
export interface SceneModel {
  readonly servers?: number;
  readonly apiKey?: string;
  /** Further backends, as millrace.yaml has them. */
  readonly more?: readonly unknown[];
  readonly [setting: string]: unknown;
}

type Input = Omit<GenerateMutationVariables['input'], 'model'>;

/** The command as a process, with models whose backends are scripted servers in this one. */
export class Scene implements AsyncDisposable {
  readonly server: TestServer;
  readonly #backends: ReadonlyMap<string, readonly ScriptedServer[]>;

  constructor(server: TestServer, backends: ReadonlyMap<string, readonly ScriptedServer[]>) {
    this.server = server;
    this.#backends = backends;
  }

  get url(): string {
    return this.server.url;
  }

  /** The nth backend of a model, from 0. */
  backend(model: string, n = 0): ScriptedServer {
    const found = this.#backends.get(model)?.[n];
    if (!found) throw new RangeError(`${model} has no backend ${n}.`);
    return found;
  }

  async generate(model: string, input: Partial<Input> = {}): Promise<string> {
    const full = { prompt: 'Tell me of the whale', ...input, model };
    return (await ask(this.url, GenerateDocument, { input: full })).generate.generation.id;
  }

  /** Starts a generation and reads it by WebSocket from its beginning. */
  async follow(model: string, input: Partial<Input> = {}): Promise<Reader> {
    return new Reader(this.url, await this.generate(model, input));
  }

  /** A generation as a query finds it. */
  async find(id: string) {
    const { generation } = await ask(this.url, GenerationDocument, { id });
    if (!generation) throw new Error(`There is no generation ${id}.`);
    return generation;
  }

  /** Resolves once the records know that one runs of this model, and none waits: they are told while it begins. */
  async oneRuns(model: string): Promise<void> {
    const query = '{ models { id running queued } }';
    const headers = { 'content-type': 'application/json' };
    await expect
      .poll(async () => {
        const response = await fetch(this.url, { method: 'POST', headers, body: JSON.stringify({ query }) });
        const { data } = (await response.json()) as { data: { models: { id: string }[] } };
        return data.models.find(({ id }) => id === model);
      })
      .toMatchObject({ running: 1, queued: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
    for (const servers of this.#backends.values()) {
      for (const server of servers) await server[Symbol.asyncDispose]();
    }
  }
}

/** Short limits: nothing in a test takes longer than it must. Pass others in the model's settings. */
const quick = { timeouts: { connect: '2s', firstToken: '1s', betweenTokens: '1s' }, queueTimeout: '5s' };

export async function startScene(
  models: Readonly<Record<string, SceneModel>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Scene> {
  const backends = new Map<string, ScriptedServer[]>();
  const configured: unknown[] = [];
  for (const [id, { servers = 2, apiKey, more = [], ...settings }] of Object.entries(models)) {
    const started = await Promise.all(Array.from({ length: servers }, () => startScriptedServer()));
    backends.set(id, started);
    const entries = started.map(({ url }, n) => {
      return { kind: 'openai', name: 'abc'.charAt(n), url, model: 'scripted', ...(apiKey && { apiKey }) };
    });
    configured.push({ id, ...quick, ...settings, backends: [...entries, ...more] });
  }
  // JSON is yaml.
  const server = await startServer({ yaml: JSON.stringify({ batchInterval: '10ms', models: configured }), env });
  return new Scene(server, backends);
}
