import { deepStrictEqual, strictEqual } from 'node:assert';
import { print } from 'graphql';
import { DashboardDocument, type DashboardQuery } from '../../src/client/generated/operations.ts';
import { alternating, atLeast, type Bench, ratios, spread } from '../bench.ts';
import { Child } from '../child.ts';
import type { Answered, Ask } from '../clients/pages.ts';
import { startMillrace } from '../servers/millrace.ts';

const connections = 20;
const conversations = 20;
const forMs = 1_000;
/** Before anything is measured, for the compilers of all of them. */
const warmUpMs = 2_000;

const files = {
  millrace: 'Millrace',
  mercurius: 'Mercurius, jit',
  yoga: 'GraphQL Yoga',
  apollo: 'Apollo Server',
};
type Name = keyof typeof files;

interface Answer {
  readonly data?: DashboardQuery;
  readonly errors?: unknown;
}

export const bench: Bench = {
  name: 'page',
  what: 'A page of 20 conversations, each with its last message, the author, the running generation and its model, by POST over 20 connections that are kept: CPU of the server for each request, in µs. All over the same records in memory; the last row is the whole product, with its records in SQLite, clients by key, and their rates counted.',

  async run() {
    await using stack = new AsyncDisposableStack();
    const clients = stack.use(new Child('clients/pages.ts'));
    const query = print(DashboardDocument);
    const way = (server: Child, url: string, key?: string) => async (ms: number) => {
      const before = server.cpuMs;
      const { requests, body } = await clients.ask<Answered>('ask', {
        url,
        query,
        key,
        connections,
        forMs: ms,
      } satisfies Ask);
      return { cost: ((server.cpuMs - before) * 1_000) / requests, body };
    };

    const ways: Record<string, ReturnType<typeof way>> = {};
    for (const name of Object.keys(files) as Name[]) {
      const server = stack.use(new Child(`servers/${name === 'millrace' ? 'millrace-in-memory' : name}.ts`));
      ways[name] = way(server, await server.ask('listen'));
    }
    const { process, url, key } = stack.use(await filled());
    ways.product = way(process, url, key);

    const answers: Answer[] = [];
    for (const ask of Object.values(ways)) answers.push(JSON.parse((await ask(warmUpMs)).body));
    for (const { errors, data } of answers) {
      strictEqual(errors, undefined);
      strictEqual(data?.viewer.conversations.nodes.length, conversations);
    }
    // The product's own records have ids of their own.
    for (const answer of answers.slice(1, -1)) deepStrictEqual(answer, answers[0]);

    const measured = Object.entries(ways).map(([name, ask]) => [name, async () => (await ask(forMs)).cost] as const);
    const costs = await alternating<number, Name | 'product'>(Object.fromEntries(measured) as never);
    const names = { ...files, product: 'Millrace, the whole product' };
    return {
      columns: ['', 'µs a request'],
      rows: Object.entries(costs).map(([name, figures]) => [names[name as Name], spread(figures, 0)]),
      bars: [
        atLeast('of Mercurius', ratios(costs.mercurius, costs.millrace), 0.9),
        atLeast('times stock Yoga', ratios(costs.yoga, costs.millrace), 3.5),
      ],
    };
  },
};

/** A model that says one word, and then thinks for as long as anybody measures. */
const yaml = `
auth: { mode: apiKey }
limits: { operationsPerSecond: { viewer: 100000, ip: 100000 } }
models: [{ id: bench, name: Bench, backends: [{ kind: ngram, tokensPerSecond: 0.001 }] }]
`;

/** The product, with as many conversations in it. */
async function filled() {
  const server = await startMillrace({ yaml });
  for (let i = 0; i < conversations; i++) {
    const { createConversation } = await server.query<{ createConversation: { conversation: { id: string } } }>(
      'mutation ($title: String) { createConversation(input: { title: $title }) { conversation { id } } }',
      { title: 'What it was about the whale that above all things appalled me' },
    );
    await server.query(
      'mutation ($id: ID!) { sendMessage(input: { conversationId: $id, text: "What was it?" }) { message { id } } }',
      { id: createConversation.conversation.id },
    );
  }
  return server;
}
