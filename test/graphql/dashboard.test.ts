import { print } from 'graphql';
import { expect, test } from 'vitest';
import { DashboardDocument, type DashboardQuery } from '../../src/client/generated/operations.ts';
import type { TestApp } from './app.ts';
import { stallsAfter, startScriptedApp } from './scripted-app.ts';
import { statementsOf } from './statements.ts';
import { converse, read, send } from './verbs.ts';

/** Both with replies that are written, whose heads are in memory, and with one that waits. */
const someAndMany = [3, 20];

/** As many conversations, each with a reply that has begun and goes on. */
async function fill(app: TestApp, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const id = await converse(app);
    const { generation } = await send(app, id, `Message ${i}`);
    // Two run at once; the others wait.
    if (i < 2) await read(app, generation.id, 3);
  }
}

test('the page of conversations costs at most 6 SQL statements, the same for 3 and for 20', async () => {
  const costs: number[] = [];
  for (const count of someAndMany) {
    await using scripted = await startScriptedApp([stallsAfter('Ish')]);
    const { app } = scripted;
    await fill(app, count);
    let page: DashboardQuery | undefined;
    costs.push(await statementsOf(async () => (page = await app.get<DashboardQuery>(print(DashboardDocument)))));
    const nodes = page?.viewer.conversations.nodes ?? [];
    expect(nodes).toHaveLength(count);
    expect(nodes.at(-1)).toMatchObject({
      title: 'Message 0',
      lastMessage: { role: 'ASSISTANT', text: 'Ish', author: null },
      activeGeneration: { status: 'RUNNING', model: { name: 'White Whale', status: 'ONLINE' } },
    });
  }
  console.log(`statements of the dashboard page: ${costs[0]} for 3 conversations, ${costs[1]} for 20`);
  expect(costs[0]).toBe(costs[1]);
  expect(costs[1]).toBeLessThanOrEqual(6);
});

test('with the text and cursors of the running replies and 20 messages each it costs at most 8', async () => {
  const query = `{ viewer { conversations(first: 20) { nodes {
    title
    messages(last: 20) { nodes { role text author { name } generation { id status } } }
    lastMessage { text author { name } }
    activeGeneration { status text cursor attempts model { name } }
  } } } }`;
  const costs: number[] = [];
  for (const count of someAndMany) {
    await using scripted = await startScriptedApp([stallsAfter('Ish')]);
    await fill(scripted.app, count);
    costs.push(await statementsOf(() => scripted.app.get(query)));
  }
  expect(costs[0]).toBe(costs[1]);
  expect(costs[1]).toBeLessThanOrEqual(8);
});
