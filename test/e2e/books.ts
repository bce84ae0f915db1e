import { setTimeout as sleep } from 'node:timers/promises';
import { createApiKeys } from '../../src/auth/keys.ts';
import type { Generation } from '../../src/domain/generation.ts';
import type { DailyUsage, Store } from '../../src/store/store.ts';

interface Asked {
  readonly model: string;
  readonly prompt: string;
  readonly parameters: { readonly maxTokens: number };
  readonly idempotencyKey: string;
}

/** A viewer with a key of their own, who asks nodes over HTTP, again where they say `UNAVAILABLE`. */
export interface Customer {
  /** The viewer's. */
  readonly id: string;
  /** The id of the new generation. @throws Error with the code of the answer's first error */
  generate(url: string, input: Asked): Promise<string>;
  cancel(url: string, id: string): Promise<void>;
}

export async function newCustomer(store: Store, name: string): Promise<Customer> {
  const input = { name, role: 'MEMBER', viewerId: null, expiresAt: null } as const;
  const { key, token } = await createApiKeys(store).create(input, { actorId: null, ip: null });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };

  async function ask<Data>(url: string, query: string, variables: object, times = 20): Promise<Data> {
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    const { data, errors } = (await response.json()) as {
      data: Data;
      errors?: { message: string; extensions: { code: string } }[];
    };
    if (errors?.[0]?.extensions.code === 'UNAVAILABLE' && times > 1) {
      await sleep(250);
      return ask(url, query, variables, times - 1);
    }
    if (errors?.[0]) throw Object.assign(new Error(errors[0].message), errors[0].extensions);
    return data;
  }

  return {
    id: key.viewerId,
    async generate(url, input) {
      const query = 'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } } }';
      const data = await ask<{ generate: { generation: { id: string } } }>(url, query, { input });
      return data.generate.generation.id;
    },
    async cancel(url, id) {
      await ask(url, 'mutation ($id: ID!) { cancelGeneration(input: { id: $id }) { generation { id } } }', { id });
    },
  };
}

export interface Sum {
  readonly generations: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** All generations of a viewer. */
export async function rowsOf({ generations }: Store, viewerId: string): Promise<Generation[]> {
  const found: Generation[] = [];
  for (let after: string | undefined, more = true; more; ) {
    const page = await generations.page(viewerId, { limit: 100, from: 'start', after });
    found.push(...page.rows.map(({ row }) => row));
    after = page.rows.at(-1)?.position;
    more = page.hasNextPage;
  }
  return found;
}

/** What rows come to, or days. */
export function sumOf(rows: readonly Generation[] | readonly DailyUsage[]): Sum {
  const sum = { generations: 0, promptTokens: 0, completionTokens: 0 };
  for (const row of rows) {
    const { generations, promptTokens, completionTokens } = 'usage' in row ? { generations: 1, ...row.usage } : row;
    sum.generations += generations;
    sum.promptTokens += promptTokens ?? 0;
    sum.completionTokens += completionTokens ?? 0;
  }
  return sum;
}
