import { pino } from 'pino';
import type { Pipeline } from '../../src/graphql/graphql.ts';
import { originRules } from '../../src/server/origin.ts';
import { createHttpServer } from '../../src/server/server.ts';

type Script = Pick<Pipeline, 'connect' | 'execute'>;

/** Lets everybody in. */
export const welcome: Script['connect'] = async () =>
  ({ session: { viewer: { id: 'usr_any' } }, onEnd: () => () => {} }) as never;

/** Sockets in front of a pipeline that does what a test says. */
export async function startScriptedPipeline(limits = {}, timeouts = {}) {
  const logged: string[] = [];
  const script: Script = { connect: welcome, execute: async () => ({}) };
  const place = async () => ({ release() {} });
  const pipeline: Pipeline = {
    sockets: { ofAddress: place, ofViewer: place },
    handle: (request, response) => void request.resume().on('end', () => response.end('read')),
    connect: (...parameters) => script.connect(...parameters),
    execute: (...parameters) => script.execute(...parameters),
    async close() {},
  };
  const http = createHttpServer({
    ...{ pipeline, readiness: {}, trustedProxies: 0, timeouts },
    logger: pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) }),
    origins: originRules({ origins: [], loopbackOnly: true }),
    limits: { bodyBytes: 1 << 20, messagesPerSecond: 100, subscriptionsPerSocket: 200, ...limits },
  });
  const url = `${(await http.listen(0, '127.0.0.1')).replace('http', 'ws')}/graphql`;
  /** `script` is for tests to change; `logged` is what was logged, a line each. */
  return { url, script, logged, close: () => http.close(500) };
}
