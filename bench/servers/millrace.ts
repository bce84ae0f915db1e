import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Child } from '../child.ts';

const bin = fileURLToPath(new URL('../../bin/millrace.js', import.meta.url));

export interface MillraceOptions {
  /** millrace.yaml; with `auth: { mode: apiKey }` there is a `key`. */
  readonly yaml: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
}

/** The product as it is, `millrace serve`, on a free port and a data folder of its own. */
export interface Millrace extends AsyncDisposable {
  readonly process: Child;
  /** `http://127.0.0.1:…/graphql` */
  readonly url: string;
  /** The token of an admin's key; undefined where everybody may come in. */
  readonly key: string | undefined;
  /** The data of an operation over HTTP. @throws Error with the answer where it has errors */
  query<Data>(query: string, variables?: Readonly<Record<string, unknown>>): Promise<Data>;
}

export async function startMillrace({ yaml, env = {}, nodeOptions = [] }: MillraceOptions): Promise<Millrace> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  writeFileSync(join(folder, 'millrace.yaml'), yaml);
  const environment = { PATH: process.env.PATH, LOG_LEVEL: 'warn', MILLRACE_DRAIN_DELAY: '0s', PORT: '0', ...env };
  const started = new Child(bin, { args: ['serve'], cwd: folder, env: environment, nodeOptions });
  const [, address] = await started.says(/serves (http:\S+)\/(?:graphql|ready)/);
  const url = `${address}/graphql`;
  const key = /mode:.*apiKey/.test(yaml) ? await createKey(folder, environment) : undefined;

  return {
    process: started,
    url,
    key,
    async query<Data>(query: string, variables = {}) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) },
        body: JSON.stringify({ query, variables }),
      });
      const answer = (await response.json()) as { data: Data; errors?: unknown };
      if (answer.errors) throw new Error(JSON.stringify(answer.errors));
      return answer.data;
    },
    async [Symbol.asyncDispose]() {
      await started[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function createKey(cwd: string, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const args = [bin, 'key', 'create', '--name', 'bench', '--role', 'ADMIN'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env });
  return stdout.trim();
}

/** Set up for many who watch what the model at `modelUrl` says, and come with keys. */
export const watched = (modelUrl: string): Promise<Millrace> =>
  startMillrace({
    yaml: `
auth: { mode: apiKey }
limits: { sockets: { viewer: 100000, ip: 100000 }, operationsPerSecond: { viewer: 100000, ip: 100000 } }
batchInterval: 10ms
models:
  - id: bench
    timeouts: { firstToken: 120s, betweenTokens: 120s }
    backends: [{ kind: openai, url: "${modelUrl}", model: bench }]
`,
  });

/** Begins a generation, and gives its id. */
export async function generate({ query }: Millrace): Promise<string> {
  const document = 'mutation { generate(input: { prompt: "What appalled you?" }) { generation { id } } }';
  return (await query<{ generate: { generation: { id: string } } }>(document)).generate.generation.id;
}

/** Who watches one that says nothing yet is told of the queue and of the attempt. */
export const greetings = 2;
