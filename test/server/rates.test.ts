import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { greet, type LimitedApp, startLimited } from './limited-app.ts';
import { subscribe } from './raw-socket.ts';

const query = '{ viewer { id } }';
const followModels = 'subscription { model { id } }';
const limits = { operationsPerSecond: { viewer: 4, ip: 6 } };

interface Refusal {
  readonly message: string;
  readonly extensions: { readonly code: string; readonly retryAfterMs: number };
}
const errorOf = async (response: Response) => ((await response.json()) as { errors: [Refusal] }).errors[0];
const rateLimited = { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) };

describe('operations', () => {
  let server: LimitedApp;
  beforeEach(async () => {
    server = await startLimited(limits);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const statuses = async (responses: Promise<Response>[]) => (await Promise.all(responses)).map(({ status }) => status);
  const sorted = (numbers: number[]) => numbers.toSorted((a, b) => a - b);

  test('over HTTP beyond the limit are answered with 429, whatever is in them', async () => {
    const asked = ['{', '{ nothing }', query, query, query, query].map((text) => server.post('ann', text));
    expect(sorted(await statuses(asked)).filter((status) => status === 429)).toHaveLength(2);
    const response = await server.post('ann', query, { accept: 'application/graphql-response+json' });
    expect(response.status).toBe(429);
    expect(response.headers.get('content-type')).toMatch('application/graphql-response+json');
    const { message, extensions } = await errorOf(response);
    expect(extensions).toEqual(rateLimited);
    expect(message).toMatch(
      /^These are too many operations: 6 a second are allowed to one address\. Come back in \d+ s\.$/,
    );
    expect(Number(response.headers.get('retry-after'))).toBe(Math.ceil(extensions.retryAfterMs / 1000));
  });

  test('of one viewer are not another’s; those of one address are everybody’s', async () => {
    expect(sorted(await statuses(Array.from({ length: 5 }, () => server.post('ann', query))))).toEqual([
      ...[200, 200, 200, 200],
      429,
    ]);
    expect(await statuses([server.post('bob', query)])).toEqual([200]);
    const response = await server.post('bob', query);
    expect(response.status).toBe(429);
    expect((await errorOf(response)).message).toMatch(/to one address/);
  });

  test('are counted in the headers of every answer, for pages of other origins too', async () => {
    const answers: [string | null, string | null, number][] = [];
    for (let n = 0; n < 5; n++) {
      const { headers, status } = await server.post('ann', n === 1 ? '{' : query, { origin: 'https://app.example' });
      answers.push([headers.get('ratelimit-policy'), headers.get('ratelimit'), status]);
      expect(headers.get('access-control-allow-origin')).toBe('https://app.example');
    }
    expect(new Set(answers.map(([policy]) => policy))).toEqual(new Set(['"viewer";q=4;w=600, "ip";q=6;w=600']));
    const left = answers.map(([, limit]) => /^"viewer";r=(\d);t=\d+, "ip";r=(\d);t=\d+$/.exec(limit ?? '')?.slice(1));
    expect(left.map((each) => each?.join())).toEqual(['3,5', '2,4', '1,3', '0,2', '0,1']);
    expect(answers.map(([, , status]) => status)).toEqual([200, 200, 200, 200, 429]);
  });

  test('of those who are not let in count for their address', async () => {
    const refused = await statuses(Array.from({ length: 7 }, () => server.post('nobody', query)));
    expect(sorted(refused)).toEqual([401, 401, 401, 401, 401, 401, 429]);
    const { headers } = await server.post('nobody', query);
    expect(headers.get('ratelimit-policy')).toBe('"ip";q=6;w=600');
    expect(await statuses([server.post('ann', query)])).toEqual([429]);
  });

  test('count before a token is looked at, connection_init among them', async () => {
    const socket = await greet(server.url, 'nobody');
    expect(await socket.closed).toBe(4403);
    await statuses(Array.from({ length: 9 }, () => server.post('nobody', query)));
    expect(await (await greet(server.url, 'nobody')).farewell).toMatch(
      /^1013 These are too many operations: 6 a second/,
    );
    expect(server.looks()).toBe(6);
  });

  test('are not: the page for browsers, what browsers ask beforehand, and questions for the health', async () => {
    const { origin } = new URL(server.url);
    const preflight = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
    for (let n = 0; n < 4; n++) {
      expect((await fetch(server.url, { headers: { accept: 'text/html' } })).status).toBe(200);
      expect((await fetch(server.url, { method: 'OPTIONS', headers: preflight })).status).toBe(204);
      for (const path of ['/health', '/ready']) expect((await fetch(origin + path)).status).toBe(200);
    }
    const { headers } = await server.post('ann', query);
    expect(headers.get('ratelimit')).toMatch(/^"viewer";r=3;t=\d+, "ip";r=5;t=/);
  });

  test('over WebSocket beyond the limit are an error of their own id, and the socket and its streams stay', async () => {
    await using server = await startLimited({ operationsPerSecond: { viewer: 4, ip: 8 } });
    const socket = await server.connect('ann');
    const stream = await server.connect('bob');
    stream.send(subscribe('s', followModels));
    expect(await stream.next('s')).toMatchObject({ type: 'next' });
    for (let n = 1; n <= 5; n++) {
      socket.send(subscribe(`${n}`, n === 5 ? followModels : query));
      const { type, payload } = await socket.next(`${n}`);
      if (n < 5) expect(type).toBe('next');
      else expect({ type, payload }).toMatchObject({ type: 'error', payload: [{ extensions: rateLimited }] });
    }
    // The count is the same as over HTTP: two sockets, five of ann's, one of bob's.
    const response = await server.post('ann', query);
    expect(response.status).toBe(429);
    expect(response.headers.get('ratelimit')).toMatch(/"ip";r=0/);
    socket.send({ type: 'ping' });
    expect(await socket.next()).toMatchObject({ id: '1', type: 'complete' });
    stream.send({ type: 'ping' });
    expect(await stream.next()).toEqual({ type: 'pong' });
    socket.terminate();
    stream.terminate();
  });

  test('over SSE beyond the limit are answered with 429; a stream counts once', async () => {
    const open = () => server.post('ann', followModels, { accept: 'text/event-stream' });
    const streams = [await open(), await open(), await open(), await open()];
    for (const { status, headers } of streams) {
      expect([status, headers.get('content-type')]).toEqual([200, expect.stringMatching('text/event-stream')]);
      expect(headers.get('ratelimit')).toMatch('"viewer";r=');
    }
    const refused = await open();
    expect(refused.status).toBe(429);
    expect((await errorOf(refused)).extensions).toEqual(rateLimited);
    for (const { body } of streams) await body?.cancel();
  });

  test('that are left are told by viewer.limits', async () => {
    const asked = '{ viewer { limits { operationsPerSecond { limit used reserved remaining resetsAt } } } }';
    for (const used of [1, 2]) {
      const before = Date.now();
      const { data } = (await (await server.post('ann', asked)).json()) as {
        data: { viewer: { limits: { operationsPerSecond: { resetsAt: string } } } };
      };
      const { resetsAt, ...rest } = data.viewer.limits.operationsPerSecond;
      expect(rest).toEqual({ limit: 4, used, reserved: 0, remaining: 4 - used });
      expect(Date.parse(resetsAt)).toBeGreaterThan(before);
    }
  });
});

test.each(['http', 'ws'])('after retryAfterMs an operation over %s is answered again', async (transport) => {
  await using server = await startLimited({ operationsPerSecond: { viewer: 2 } }, 1);
  const socket = await server.connect('ann');
  let id = 0;
  const ask = async (): Promise<Refusal | undefined> => {
    if (transport === 'http') {
      const response = await server.post('ann', query);
      return response.status === 429 ? await errorOf(response) : undefined;
    }
    socket.send(subscribe(`${++id}`, query));
    const { type, payload } = await socket.next(`${id}`);
    return type === 'error' ? (payload as [Refusal])[0] : undefined;
  };
  for (let round = 0; round < 2; round++) {
    let refusal: Refusal | undefined;
    while (!refusal) refusal = await ask();
    await sleep(refusal.extensions.retryAfterMs);
    expect(await ask()).toBeUndefined();
  }
  socket.terminate();
});

test('where nothing is limited nothing is counted, and no header says so', async () => {
  await using server = await startLimited({});
  const responses = await Promise.all(Array.from({ length: 50 }, () => server.post('ann', query)));
  for (const { status, headers } of responses) expect([status, headers.get('ratelimit')]).toEqual([200, null]);
  const asked = '{ viewer { limits { operationsPerSecond { limit } } } }';
  expect(await (await server.post('ann', asked)).json()).toEqual({
    data: { viewer: { limits: { operationsPerSecond: null } } },
  });
});
