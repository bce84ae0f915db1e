import type { ServerResponse } from 'node:http';

/** What must be well for this server to serve: each rejects where it is not. */
export type Readiness = Readonly<Record<string, () => Promise<void>>>;

/** `/health`: the process is up and its event loop turns. */
export function answerHealth(response: ServerResponse): void {
  answer(response, 200, { status: 'ok' });
}

/** `/ready`: every part answers and the server is not about to stop; otherwise 503, and which part is not well. */
export async function answerReady(response: ServerResponse, readiness: Readiness, stopping: boolean): Promise<void> {
  const checks = await Promise.all(
    Object.entries(readiness).map(async ([name, check]) => {
      const error = await check().then(
        () => undefined,
        (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
      );
      return [name, error ?? 'ok'] as const;
    }),
  );
  const ready = !stopping && checks.every(([, state]) => state === 'ok');
  const status = stopping ? 'stopping' : ready ? 'ready' : 'not ready';
  answer(response, ready ? 200 : 503, { status, checks: Object.fromEntries(checks) });
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
