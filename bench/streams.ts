/** Many streams at once through one way or another, and what they cost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from './child.ts';
import type { Asked, Times } from './clients/tally.ts';
import { startMillrace } from './servers/millrace.ts';
import type { Model } from './servers/upstream.ts';

export interface Load {
  readonly streams: number;
  readonly overMs: number;
  readonly tokensPerSecond: number;
  readonly firstMs: number;
  /** When the CPU is counted, from the first question on. */
  readonly from: number;
  readonly to: number;
}

export interface Flow {
  /** µs of CPU for each token that a client got, of the processes between the model and the clients together. */
  readonly cost: number;
  readonly times: Times;
}

/** What stands between the model's server and the clients. */
export interface Way extends AsyncDisposable {
  readonly port: number;
  readonly processes: readonly Child[];
  /** The file of the clients. */
  readonly client: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Sends a load through a way, which `open` makes for a model's port. The streams are longer than the load lasts.
 * @throws Error where less than half of the tokens came: what stands in between did something else
 */
export async function flow(load: Load, open: (port: number) => Promise<Way>): Promise<Flow> {
  const { streams, overMs, tokensPerSecond, firstMs, from, to } = load;
  await using model = new Child('servers/upstream.ts');
  const tokens = Math.ceil((2 * to * tokensPerSecond) / 1000);
  await using way = await open(await model.ask('listen', { tokensPerSecond, tokens, firstMs } satisfies Model));
  await using client = new Child(`clients/${way.client}.ts`);
  const asked: Asked = { port: way.port, streams, overMs, ...(way.headers && { headers: way.headers }) };
  await client.ask('open', asked);
  const counted = way.client === 'parser' ? [client] : way.processes;
  const cpuMs = () => counted.reduce((sum, process) => sum + process.cpuMs, 0);
  const began = performance.now();
  await client.ask('begin', asked);
  await sleep(began + from - performance.now());
  const before = { cpu: cpuMs(), tokens: await client.ask<number>('tokens') };
  await sleep(began + to - performance.now());
  const after = { cpu: cpuMs(), tokens: await client.ask<number>('tokens') };
  const came = after.tokens - before.tokens;
  const due = (streams * tokensPerSecond * (to - from)) / 1000;
  if (came < due / 2) throw new Error(`Of ${due} tokens only ${came} came.`);
  const cost = ((after.cpu - before.cpu) * 1000) / came;
  return { cost, times: await client.ask<Times>('times') };
}

/** No gateway at all: the clients ask the model's server. */
export const direct = async (port: number, client = 'readers'): Promise<Way> => {
  return { port, processes: [], client, async [Symbol.asyncDispose]() {} };
};

/** The product, in as many processes as there are roles. */
export async function millrace(modelPort: number, roles: readonly string[], env = {}): Promise<Way> {
  await using stack = new AsyncDisposableStack();
  const yaml = `
models:
  - id: bench
    concurrency: 4096
    backends: [{ kind: openai, url: "http://127.0.0.1:${modelPort}/v1", model: bench }]
`;
  const nodes = [];
  for (const role of roles) nodes.push(stack.use(await startMillrace({ yaml, env: { ...env, MILLRACE_ROLE: role } })));
  const kept = stack.move();
  return {
    port: Number(new URL(nodes[0]?.url ?? '').port),
    processes: nodes.map(({ process }) => process),
    client: 'chats',
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
