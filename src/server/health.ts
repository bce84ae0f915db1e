import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { MillraceError } from '../domain/errors.ts';

/** What must be well for this server to serve: each rejects where it is not, by a MillraceError in words for everybody. */
export type Readiness = Readonly<Record<string, () => Promise<void>>>;

/** Anybody may ask, as often as they like: the parts are asked this often at most. */
const keptMs = 1_000;

/** `/health`: the process is up and its event loop turns. */
export function answerHealth(response: ServerResponse): void {
  answer(response, 200, { status: 'ok' });
}

/**
 * Answers `/ready`: every part answers, as of a second ago at most, and the server is not about to stop; otherwise 503,
 * and which part is not well. Words that are not ours are for the log alone.
 */
export function readyAnswers(readiness: Readiness, logger: Logger) {
  let asked: Promise<Record<string, string>> | undefined;

  const stateOf = (name: string, check: () => Promise<void>): Promise<string> =>
    check().then(
      () => 'ok',
      (error: unknown) => {
        if (error instanceof MillraceError) return error.message;
        logger.warn({ err: error, part: name }, 'not ready');
        return 'fails; the log says why';
      },
    );

  const ask = async () => {
    const states = Object.entries(readiness).map(async ([name, check]) => [name, await stateOf(name, check)] as const);
    return Object.fromEntries(await Promise.all(states));
  };

  return async (response: ServerResponse, stopping: boolean): Promise<void> => {
    asked ??= ask().finally(() => {
      setTimeout(() => {
        asked = undefined;
      }, keptMs).unref();
    });
    const checks = await asked;
    const ready = !stopping && Object.values(checks).every((state) => state === 'ok');
    const status = stopping ? 'stopping' : ready ? 'ready' : 'not ready';
    answer(response, ready ? 200 : 503, { status, checks });
  };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
