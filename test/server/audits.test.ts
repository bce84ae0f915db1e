import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApp, type TestApp } from '../graphql/app.ts';

let app: TestApp;
let url = '';
beforeAll(async () => {
  app = await startApp();
  url = `${await app.listen()}/graphql`;
});
afterAll(() => app[Symbol.asyncDispose]());

const audits = serverAudits({ url: () => url, fetchFn: fetch });

test('there are 61 audits', () => {
  expect(audits).toHaveLength(61);
});

test.each(audits.map((audit) => [audit.id, audit.name, audit] as const))('%s %s', async (_id, _name, audit) => {
  const result = await audit.fn();
  expect(result.status, 'reason' in result ? result.reason : '').toBe('ok');
});
