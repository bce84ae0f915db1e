import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, subscribe } from '../server/raw-socket.ts';
import { type Memory, memoryOf, visibleHeap } from './heap.ts';
import { type ServerOptions, startServer, type TestServer } from './server.ts';

/** MB that may be left of what attackers did: code that was compiled, and caches. */
const usuallyLeft = 12;
/** MB of the system's memory that attackers may have the server take meanwhile: 280 usually, more where V8 collects late. */
const mostPeak = 600;

/** Something that an attacker does, and what becomes of it; one line each. */
export interface Attack {
  readonly what: string;
  /** Gives what is to be `answer`. */
  readonly run: (server: TestServer) => Promise<unknown>;
  /** What is expected; a regular expression for text. */
  readonly answer: unknown;
}

interface Options extends ServerOptions {
  /** Makes what there is before anybody attacks; gives the good client's token. */
  readonly prepare?: (server: TestServer) => Promise<string>;
  /** MB that may be left of what attackers did, where more than usual. */
  readonly mostLeft?: number;
  /** What must not be in the log; asked in the end. */
  readonly secrets?: () => readonly string[];
}

/**
 * Tests that the real command stands all attacks: each is answered as it is to be, a good client is served right after,
 * and in the end the server's memory is what it was.
 */
export function underAttack(title: string, attacks: readonly Attack[], options: Options = {}): void {
  const { prepare, secrets = () => [], mostLeft = usuallyLeft, ...started } = options;
  describe(title, () => {
    let server: TestServer;
    let token: string | undefined;
    let before: Memory;
    const times: number[] = [];
    const serve = () => serveWell(server, token);
    beforeAll(async () => {
      server = await startServer({ ...started, env: { ...visibleHeap, LOG_LEVEL: 'trace', ...started.env } });
      token = await prepare?.(server);
      for (let i = 0; i < 30; i++) await serve();
      before = await memoryOf(server);
    });
    afterAll(() => server?.stop());

    test.each(attacks)('$what', async ({ run, answer }) => {
      const outcome = await run(server);
      if (answer instanceof RegExp) expect(outcome).toMatch(answer);
      else expect(outcome).toEqual(answer);
      const begun = performance.now();
      await serve();
      times.push(performance.now() - begun);
    });

    test('nothing of it is an error of the server, and nothing is on its console but its log', () => {
      const lines = server.output().split('\n');
      const told = lines.filter((line) => !/^\{"level":[123]0,/.test(line));
      expect(told.join('\n')).not.toMatch(/error|"level":/i);
      // However much is logged: attackers do not decide how many lines there are of what is on by default.
      expect(lines.filter((line) => /^\{"level":30,/.test(line)).length).toBeLessThan(10);
      for (const secret of secrets()) expect(lines.find((line) => line.includes(secret))).toBeUndefined();
    });

    test('the server has its memory back', async () => {
      await expect
        .poll(async () => (await memoryOf(server)).used - before.used, { interval: 500 })
        .toBeLessThan(mostLeft);
      const after = await memoryOf(server);
      const [left, peak] = [after.used - before.used, after.peak - before.peak];
      times.sort((a, b) => a - b);
      const median = times[times.length >> 1] ?? 0;
      console.log(
        `${title}: ${attacks.length} attacks; the good client's time afterwards: median ${median.toFixed(0)} ms, ` +
          `longest ${times.at(-1)?.toFixed(0)} ms; memory: ${left.toFixed(1)} MB more in use, ${peak.toFixed(0)} MB more at its peak`,
      );
      expect(peak).toBeLessThan(mostPeak);
    });
  });
}

/** What a good client does: asks over HTTP, and follows a model over WebSocket and SSE until it has its state. */
async function serveWell({ url, wsUrl }: TestServer, token: string | undefined): Promise<void> {
  const query = 'subscription { model { __typename } }';
  const data = '{"data":{"model":{"__typename":"Model"}}}';
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const post = (text: string, accept: string) =>
    fetch(url, { method: 'POST', headers: { ...headers, accept }, body: JSON.stringify({ query: text }) });
  expect(await (await post('{ __typename }', 'application/json')).json()).toEqual({ data: { __typename: 'Query' } });

  const events = (await post(query, 'text/event-stream')).body?.pipeThrough(new TextDecoderStream()).getReader();
  let received = '';
  while (!received.includes(data)) {
    const { value, done } = (await events?.read()) ?? { done: true };
    if (done) throw new Error(`The stream ended: ${received}`);
    received += value;
  }
  await events?.cancel();

  const socket = await connect(wsUrl, token);
  socket.send(subscribe('1', query));
  expect(await socket.next('1')).toMatchObject({ payload: JSON.parse(data) });
  socket.terminate();
}
