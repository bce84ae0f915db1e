import { describe, expect, test } from 'vitest';
import { appendTo } from '../contract/log.ts';
import { startApp, type TestApp } from './app.ts';
import { statementsOf } from './statements.ts';
import { generate, read } from './verbs.ts';

const statuses = ['QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;

interface List {
  readonly nodes: readonly { readonly id: string; readonly status: string }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

async function list(app: TestApp, args: { status?: string; first?: number; after?: string | null }): Promise<List> {
  const query = `query ($first: Int, $after: String, $status: GenerationStatus) { viewer {
    generations(first: $first, after: $after, status: $status) { nodes { id status } pageInfo { hasNextPage endCursor } }
  } }`;
  return (await app.get<{ viewer: { generations: List } }>(query, args)).viewer.generations;
}

/** The whole list in pages of `first`. */
async function paged(app: TestApp, status: string | undefined, first: number): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = null; ; ) {
    const { nodes, pageInfo } = await list(app, { ...(status && { status }), first, after });
    ids.push(...nodes.map(({ id }) => id));
    expect(nodes.length).toBeLessThanOrEqual(first);
    expect(nodes.every((node) => status === undefined || node.status === status)).toBe(true);
    if (!pageInfo.hasNextPage) return ids;
    after = pageInfo.endCursor;
  }
}

/** Twelve rows of which the store knows as little as it may: their logs alone say how they stand. Newest first. */
async function behind(app: TestApp): Promise<{ id: string; status: (typeof statuses)[number] }[]> {
  const { store, log } = app.parts;
  const at = Date.now();
  const usage = { promptTokens: null, completionTokens: 0 };
  const made: { id: string; status: (typeof statuses)[number] }[] = [];
  for (let i = 0; i < 12; i++) {
    const status = statuses[(i * 3) % statuses.length] ?? 'QUEUED';
    const id = `gen_${String(i).padStart(26, '0')}`;
    const generation = { id, viewerId: 'usr_local', modelId: 'nobody', parameters: {}, createdAt: at } as const;
    const account = { id: 'usr_local', tokensPerDay: null, tokensPerMonth: null };
    const unlimited = { account, reservedTokens: 0, promptEstimate: 0, generationsAtOnce: null };
    const asked = { generation: { ...generation, onDisconnect: 'CONTINUE' as const }, messages: [], reply: null };
    const draft = { ...asked, ...unlimited };
    await store.generations.submit({ ...draft, idempotencyKey: null, fingerprint: '' });
    await log.append(id, null, [{ type: 'queued', at }]);
    if (i % 2 && status !== 'QUEUED') await store.generations.start(id, 1, at);
    const attempt = { attempt: 1, backend: 'one', keptLength: 0, keptTokens: 0 };
    if (status !== 'QUEUED') await appendTo(log, id, [{ type: 'attemptStarted', at, ...attempt }]);
    if (status !== 'QUEUED' && status !== 'RUNNING') {
      await appendTo(log, id, [{ type: 'ended', at, status, finishReason: 'OTHER', usage, error: null }]);
    }
    made.unshift({ id, status });
  }
  return made;
}

describe('viewer.generations', () => {
  test.each([...statuses, undefined])('with status %s is what the logs say, page by page', async (status) => {
    await using app = await startApp();
    const all = (await behind(app)).filter((each) => status === undefined || each.status === status);
    for (const first of [1, 2, 3, 50]) {
      expect(await paged(app, status, first), `first: ${first}`).toEqual(all.map(({ id }) => id));
    }
    const none = await list(app, { ...(status && { status }), first: 0 });
    expect(none).toEqual({ nodes: [], pageInfo: { hasNextPage: true, endCursor: null } });
  });

  test('misses none that moves on while it is being read', async () => {
    let move = async () => {};
    await using app = await startApp({
      alter: ({ store }) => {
        const page: typeof store.generations.page = async (...args) => {
          const found = await store.generations.page(...args);
          await move();
          return found;
        };
        return { store: { ...store, generations: { ...store.generations, page } } };
      },
    });
    const { store } = app.parts;
    const id = (await behind(app)).find(({ status }) => status === 'COMPLETED')?.id ?? '';
    move = async () => {
      move = async () => {};
      const usage = { promptTokens: null, completionTokens: 0 };
      const course = { epoch: 'x', offset: 3, attempts: [] };
      const times = { startedAt: 1, firstTokenAt: null, endedAt: 2 };
      const outcome = { status: 'COMPLETED', attempts: 1, text: '', finishReason: 'STOP', error: null } as const;
      await store.generations.settle(id, { ...outcome, usage, course, ...times });
    };
    expect((await list(app, { status: 'COMPLETED' })).nodes.map((node) => node.id)).toContain(id);
  });

  test('costs a fixed number of statements, however many it gives', async () => {
    await using app = await startApp();
    for (let i = 0; i < 30; i++) await read(app, await generate(app, 'Call me', { parameters: { maxTokens: 1 } }));
    await expect.poll(() => app.parts.store.generations.unsettled()).toEqual([]);
    const cost = (first: number) => statementsOf(() => list(app, { status: 'COMPLETED', first }));
    expect(await cost(29)).toBe(await cost(1));
    expect(await cost(29)).toBeLessThanOrEqual(4);
  });
});

test('viewer.usage counts what has ended', async () => {
  await using app = await startApp();
  const usage = async () =>
    (await app.get<{ viewer: object }>('{ viewer { usage { generations promptTokens completionTokens } } }')).viewer;
  expect(await usage()).toEqual({ usage: { generations: 0, promptTokens: 0, completionTokens: 0 } });
  for (let i = 0; i < 2; i++) await read(app, await generate(app, 'Call me Ishmael', { parameters: { maxTokens: 5 } }));
  await expect.poll(() => app.parts.store.generations.unsettled()).toEqual([]);
  expect(await usage()).toEqual({ usage: { generations: 2, promptTokens: 6, completionTokens: 10 } });
});
