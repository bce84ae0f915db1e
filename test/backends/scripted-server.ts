import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { freePort } from '../../scripts/services/ports.ts';
import { type Script, type Step, steps } from './scripted-steps.ts';

export interface ScriptedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed; undefined where there was none. */
  readonly body: ChatBody | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Resolves, with the time, when the client closes before the answer is over; stays pending if it never does. */
  readonly left: Promise<number>;
  /** Resolves when all of the answer has been sent. */
  readonly done: Promise<void>;
}

export interface ChatBody {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly max_tokens?: number;
  readonly continue_final_message?: boolean;
  readonly [field: string]: unknown;
}

/**
 * An OpenAI-compatible server on a real socket that does what it is told:
 *
 *     await using server = await startScriptedServer();
 *     server.answer(says('The white whale.', { cutAfter: 2 }), says('The white whale.'));
 *     const backend = openaiBackend({ name: 'one', url: server.url, model: 'scripted' });
 *     const { body, left } = await server.request(0);
 *
 * The scripts (see scripted-steps.ts) are used up in order, one per chat request; the last one stays for all that follow.
 */
export class ScriptedServer implements AsyncDisposable {
  /** The chat requests so far; those for `/models` are in `probes`. */
  readonly requests: ScriptedRequest[] = [];
  readonly probes: ScriptedRequest[] = [];
  /** The ids that `/models` lists; null for 404. */
  models: readonly string[] | null = ['scripted'];
  /** What `/models` answers instead, where it is set. */
  modelsReply: Step | Script | undefined;
  /** What went wrong in the server itself, for a test to look at; each of these cut a connection. */
  readonly faults: unknown[] = [];
  #scripts: Script[] = [];
  #waiting: (() => void)[] = [];
  #port = 0;
  readonly #open = new Set<ServerResponse>();
  /** The answers that were cut from this side. */
  readonly #cut = new WeakSet<ServerResponse>();
  readonly #http = createServer({ keepAliveTimeout: 1000 }, (request, response) => {
    this.#open.add(response);
    response.once('close', () => this.#open.delete(response));
    this.#serve(request, response).catch((error: unknown) => {
      this.faults.push(error);
      this.#hangUp(response);
    });
  });

  /** As far as `/v1`; stays the same through refuse() and listen(). */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/v1`;
  }

  /** Replaces the scripts. */
  answer(...scripts: Script[]): void {
    this.#scripts = scripts;
  }

  /** The nth chat request, from 0, as soon as it is there. */
  async request(n: number): Promise<ScriptedRequest> {
    for (;;) {
      const found = this.requests[n];
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Takes connections, on the same port as before. */
  async listen(): Promise<void> {
    this.#port ||= await freePort();
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject).listen(this.#port, '127.0.0.1', 4096, resolve);
    });
  }

  /** Cuts every connection and refuses new ones, until listen() is called. */
  async refuse(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    for (const response of this.#open) this.#hangUp(response);
    this.#http.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#http.listening) await this.refuse();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    const left = new Promise<number>((resolve) => {
      response.once('close', () => {
        gone.abort();
        if (!response.writableFinished && !this.#cut.has(response)) resolve(Date.now());
      });
    });
    const { method = '', url: path = '', headers } = request;
    const text = Buffer.concat(await request.toArray()).toString();
    const body = text === '' ? undefined : (JSON.parse(text) as ChatBody);
    const done = new Promise<void>((resolve) => response.once('finish', resolve));
    const recorded = { method, path, headers, body, at: Date.now(), left, done };
    const script = this.#scriptFor(recorded);
    const told = typeof script === 'function' ? await script(recorded) : script;
    if ((await steps(told, response, gone.signal)) === 'cut') this.#hangUp(response);
  }

  #hangUp(response: ServerResponse): void {
    this.#cut.add(response);
    response.destroy();
  }

  #scriptFor(request: ScriptedRequest): Script {
    if (request.path === '/v1/models') {
      this.probes.push(request);
      const body = { object: 'list', data: this.models?.map((id) => ({ id, object: 'model' })) };
      const reply =
        this.modelsReply ?? (this.models ? { do: 'reply', status: 200, body } : { do: 'reply', status: 404 });
      return 'do' in reply ? [reply] : reply;
    }
    if (request.path !== '/v1/chat/completions') return [{ do: 'reply', status: 404 }];
    this.requests.push(request);
    for (const resume of this.#waiting.splice(0)) resume();
    const script = this.#scripts.length > 1 ? this.#scripts.shift() : this.#scripts[0];
    if (script === undefined) throw new Error('The scripted server has no script.');
    return script;
  }
}

/** A scripted server that listens. */
export async function startScriptedServer(...scripts: Script[]): Promise<ScriptedServer> {
  const server = new ScriptedServer();
  server.answer(...scripts);
  await server.listen();
  return server;
}
