import type { Limits } from '../../src/limits/limits.ts';
import { memoryLimits } from '../../src/limits/memory.ts';
import { startApp, type TestApp } from '../graphql/app.ts';
import { peopleAuth } from '../graphql/people.ts';
import { openSocket, type RawSocket } from './raw-socket.ts';

/** Its windows are so long that none ends while a test counts. */
function unhurried(windowSeconds: number): Limits {
  const limits = memoryLimits();
  return { ...limits, rate: (name, { limit }) => limits.rate(name, { limit, windowSeconds }) };
}

export interface LimitedApp extends AsyncDisposable {
  readonly app: TestApp;
  /** `http://127.0.0.1:…/graphql` */
  readonly url: string;
  /** How often a token was looked at. */
  looks(): number;
  /** POST as a viewer. */
  post(token: string, query: string, headers?: Record<string, string>): Promise<Response>;
  /** A socket of a viewer, past `connection_ack`. */
  connect(token: string): Promise<RawSocket>;
}

/** A server that knows `people` and has these limits. */
export async function startLimited(limits: object, windowSeconds = 600): Promise<LimitedApp> {
  const models = [{ id: 'ngram', backends: [{ kind: 'ngram', tokensPerSecond: 0 }] }];
  const yaml = JSON.stringify({ models, limits, server: { origins: ['https://app.example'] } });
  const auth = peopleAuth();
  let looks = 0;
  const app = await startApp({
    yaml,
    auth: {
      ...auth,
      authenticate(credentials) {
        looks++;
        return auth.authenticate(credentials);
      },
    },
    alter: () => ({ clientLimits: unhurried(windowSeconds) }),
  });
  const url = `${await app.listen()}/graphql`;
  return {
    app,
    url,
    looks: () => looks,
    post: (token, query, headers = {}) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
        body: JSON.stringify({ query }),
      }),
    async connect(token) {
      const socket = await greet(url, token);
      const { type } = await socket.next();
      if (type !== 'connection_ack') throw new Error(`The server answered ${type}.`);
      return socket;
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() as Promise<void>,
  };
}

/** A socket that has sent its connection_init. */
export async function greet(url: string, token: string): Promise<RawSocket> {
  const socket = await openSocket(url.replace('http', 'ws'));
  socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
  return socket;
}
