import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashSecret, newLinkToken } from '../../src/domain/secret.ts';
import { greet, type LimitedApp, startLimited } from './limited-app.ts';

let server: LimitedApp;
beforeEach(async () => {
  server = await startLimited({ sockets: { viewer: 2, ip: 4 }, operationsPerSecond: { viewer: 20 } });
});
afterEach(() => server[Symbol.asyncDispose]());

const stream = 'subscription { model { id } }';
const kinds = ['text/event-stream', 'multipart/mixed;subscriptionSpec=1.0,application/json'];
const open = (token: string, accept = 'text/event-stream') => server.post(token, stream, { accept });
/** Asks until there is a place: those that are given back are soon free, and no answer says when. */
async function untilOpen(token: string): Promise<Response> {
  for (;;) {
    const response = await open(token);
    if (response.status === 200) return response;
    await response.text();
  }
}

test.each(kinds)(
  'one of a viewer too many as %s is refused with 429; the place of one that has ended is free',
  async (kind) => {
    const streams = [await open('ann', kind), await open('ann', kind)];
    expect(streams.map(({ status }) => status)).toEqual([200, 200]);
    const refused = await open('ann', kind);
    expect(refused.status).toBe(429);
    expect(await refused.text()).toMatch(/One viewer may have 2 sockets and streams open at once.*"RATE_LIMITED"/);
    expect((await open('bob', kind)).status).toBe(200);
    await streams[0]?.body?.cancel();
    expect((await untilOpen('ann')).status).toBe(200);
  },
);

test('sockets and streams take the same places, of the viewer and of the address', async () => {
  await server.connect('ann');
  const streams = [await open('ann'), await open('bob')];
  expect((await open('ann')).status).toBe(429);
  await server.connect('rae');
  const refused = await open('rae');
  expect([refused.status, await refused.text()]).toEqual([429, expect.stringContaining('From one address 4 sockets')]);
  for (const { body } of streams) await body?.cancel();
});

test('a query, or a stream that fails at once, keeps no place', async () => {
  const fails = 'subscription { generation(id: "gen_x") { cursor } }';
  for (let n = 0; n < 5; n++) {
    expect(await (await server.post('ann', fails, { accept: 'text/event-stream' })).text()).toContain('NOT_FOUND');
    await (await server.post('bob', '{ viewer { id } }')).text();
  }
  const streams = [await untilOpen('ann'), await untilOpen('ann')];
  for (const { body } of streams) await body?.cancel();
});

test('of those who hold one link none shuts out the others', async () => {
  const { store } = server.app.parts;
  const token = newLinkToken();
  const times = { createdAt: 1, expiresAt: null, revokedAt: null };
  await store.links.create({ id: 'link_a', targetId: 'gen_a', ...times }, hashSecret(token), 1);
  for (let n = 0; n < 3; n++) expect(await (await greet(server.url, token)).next()).toEqual({ type: 'connection_ack' });
  for (let n = 0; n < 30; n++) {
    const response = await server.post(token, '{ viewer { id } }');
    expect([response.status, response.headers.get('ratelimit')]).toEqual([200, null]);
  }
  expect((await open(token)).status).toBe(200);
  expect((await open(token)).status).toBe(429);
});
