import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { openParts } from '../../src/compose.ts';
import { loadConfig } from '../../src/config.ts';
import type { Viewer } from '../../src/domain/conversation.ts';
import type { Generation } from '../../src/domain/generation.ts';
import { periodsOf } from '../../src/domain/quota.ts';
import type { Generations, SubmitInput } from '../../src/generation/generation.ts';
import { createGenerations } from '../../src/generation/generations.ts';
import { Tails } from '../../src/log/tail.ts';
import type { DailyUsage, Store } from '../../src/store/store.ts';
import { temporaryFolder } from '../folder.ts';

/** A node that takes what several viewers ask for: the verbs on real parts, in this process. */
export interface Office {
  readonly store: Store;
  submit(viewer: Viewer, input: SubmitInput): Promise<Generation>;
  cancel(viewer: Viewer, id: string): Promise<Generation>;
  close(): Promise<void>;
}

/** Opens a node on a Redis and a Postgres. For it the day never ends: what is booked on it is to be added up. */
export async function openOffice(env: Readonly<Record<string, string>>, yaml: string): Promise<Office> {
  const folder = temporaryFolder();
  writeFileSync(join(folder.path, 'millrace.yaml'), yaml);
  const config = loadConfig({ env: { ...env, MILLRACE_ROLE: 'api' }, cwd: folder.path });
  folder.remove();
  const parts = await openParts(config, pino({ level: 'silent' }));
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const tails = new Tails({ ...parts, onError });
  const known = new Set(config.models.map(({ id }) => id));
  const { end } = periodsOf(Date.now()).day;
  const now = () => Math.min(Date.now(), end - 1);
  const generations: Generations & { close(): void } = createGenerations({
    ...config,
    ...parts,
    tails,
    known,
    onError,
    now,
  });
  return {
    store: parts.store,
    submit: generations.submit,
    cancel: generations.cancel,
    async close() {
      generations.close();
      tails.close();
      await parts.close();
      if (errors.length > 0) throw new AggregateError(errors, 'The node failed.');
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
