import { expect, test } from 'vitest';
import { greet, startLimited } from './limited-app.ts';
import { subscribe } from './raw-socket.ts';

const query = '{ viewer { id } }';

test('an address that guesses tokens is told to come back, on every transport; sockets that are open go on', async () => {
  await using server = await startLimited({ signInFailuresPerMinute: 3 });
  const socket = await server.connect('ann');
  for (let n = 0; n < 2; n++) expect((await server.post(`guess-${n}`, query)).status).toBe(401);
  // A token that is shown on an open socket counts as well.
  socket.send({ type: 'ping', payload: { token: 'guess-2' } });
  expect(await socket.closed).toBe(4403);

  for (const accept of ['application/json', 'text/event-stream']) {
    const response = await server.post('ann', query, { accept });
    const { errors } = (await response.json()) as {
      errors: [{ message: string; extensions: { retryAfterMs: number } }];
    };
    expect(response.status).toBe(429);
    expect(errors).toEqual([
      {
        message: expect.stringMatching(/^Too many wrong tokens came from this address/),
        extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) },
      },
    ]);
    const seconds = Math.ceil(errors[0].extensions.retryAfterMs / 1000);
    expect(Number(response.headers.get('retry-after'))).toBe(seconds);
  }
  expect(await (await greet(server.url, 'ann')).closed).toBe(1013);
});

test('who is in already stays in', async () => {
  await using server = await startLimited({ signInFailuresPerMinute: 3 });
  const socket = await server.connect('ann');
  for (let n = 0; n < 3; n++) expect((await server.post(`guess-${n}`, query)).status).toBe(401);
  expect((await server.post('ann', query)).status).toBe(429);
  socket.send(subscribe('1', query));
  expect(await socket.next('1')).toMatchObject({ type: 'next', payload: { data: { viewer: { id: 'usr_ann' } } } });
  socket.terminate();
});
