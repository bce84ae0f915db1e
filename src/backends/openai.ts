import { type IncomingMessage, validateHeaderValue } from 'node:http';
import { type Backend, type BackendEnd, BackendError, type BackendRequest, type OnDelta } from './backend.ts';
import { Answer } from './openai/answer.ts';
import { Call } from './openai/call.ts';
import { connectionFailure, type Source, statusFailure } from './openai/failure.ts';
import { chatBody } from './openai/request.ts';

export interface OpenAIBackendOptions {
  readonly name: string;
  /** As far as `/v1`. */
  readonly url: string;
  /** What the server calls the model. */
  readonly model: string;
  /** Null where the server asks for none. */
  readonly apiKey?: string | null;
  /** `prefill` if it can continue a partial answer that stands last in the conversation, as vLLM, Ollama, llama.cpp. */
  readonly continuation?: 'prefill' | 'restart';
  readonly timeouts?: Partial<Timeouts>;
}

/** In milliseconds. The time for which the reader holds the stream up does not count. */
export interface Timeouts {
  /** Name, TCP and TLS. */
  readonly connectMs: number;
  /** From the connection to the first token; thinking is one, keep-alive comments don't prolong it. */
  readonly firstTokenMs: number;
  /** From then on between any two signs of life: tokens, thinking, keep-alive comments. */
  readonly betweenTokensMs: number;
}

const longestErrorBody = 64 * 1024;
const longestAnswer = 16 * 1024 * 1024;

/**
 * A server that speaks `/chat/completions`, as OpenAI defined it: vLLM, Ollama, llama.cpp, TGI, LM Studio.
 * Neither the key nor the prompt is ever part of an error.
 *
 * @throws TypeError if the url or the key can't be sent.
 */
export function openaiBackend(options: OpenAIBackendOptions): Backend {
  const { name, url, model, apiKey, continuation = 'restart' } = options;
  const timeouts = { connectMs: 5_000, firstTokenMs: 30_000, betweenTokensMs: 15_000, ...options.timeouts };
  const continues = continuation === 'prefill';
  const chat = endpoint(url, 'chat/completions');
  const models = endpoint(url, 'models');
  const headers: Record<string, string> = { accept: 'text/event-stream, application/json' };
  if (apiKey) headers.authorization = `Bearer ${apiKey}`;
  for (const [header, value] of Object.entries(headers)) validateHeaderValue(header, value);

  const openChat = (request: BackendRequest, signal: AbortSignal): Call => {
    const body = chatBody(model, request);
    const then = { what: 'first token', ms: timeouts.firstTokenMs };
    const sent = { ...headers, 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(body)}` };
    return new Call({ name, url: chat, method: 'POST', headers: sent, body, ...timeouts, then }, signal);
  };

  return {
    name,
    kind: 'openai',
    continues,

    async generate(request, onDelta, signal) {
      if (request.prefix !== '' && !continues) throw new TypeError(`The backend ${name} can't continue an answer.`);
      signal.throwIfAborted();
      // Servers refuse to write nothing, so none is asked.
      if (request.parameters.maxTokens === 0) return { finishReason: 'LENGTH', usage: null };
      const secrets = [apiKey ?? '', request.prefix, ...request.messages.map(({ text }) => text)];
      return read(openChat(request, signal), { name, secrets }, onDelta, timeouts.betweenTokensMs);
    },

    async probe(signal) {
      signal.throwIfAborted();
      const source = { name, secrets: [apiKey ?? ''] };
      const then = { what: 'answer', ms: timeouts.betweenTokensMs };
      const call = new Call({ name, url: models, method: 'GET', headers, ...timeouts, then }, signal);
      try {
        const response = await call.response;
        const { statusCode: status = 0 } = response;
        if (status === 401 || status === 403) throw new BackendError('refused', `${name} refuses the key (${status}).`);
        if (status >= 500) throw await refusal(response, source);
      } catch (error) {
        throw call.closed ? call.closed.reason : connectionFailure(source, error);
      } finally {
        call.close();
      }
    },
  };
}

async function read(call: Call, source: Source, reader: OnDelta, betweenTokensMs: number): Promise<BackendEnd> {
  const answer = new Answer(source);
  const left = (error: unknown) => {
    call.close(error);
    throw error;
  };
  const onDelta: OnDelta = (text, tokens) => reader(text, tokens)?.catch(left);
  try {
    const response = await call.response;
    const { statusCode: status = 0, headers } = response;
    if (status < 200 || status > 299) throw await refusal(response, source);
    const type = headers['content-type'] ?? '';
    if (type.includes('text/html')) throw new BackendError('protocol', `${source.name} answered with a web page.`);
    if (type.includes('application/json')) answer.readWhole(await text(response, longestAnswer, source));
    else await stream(response, call, answer, onDelta, betweenTokensMs);
    await answer.give(onDelta);
    return answer.end();
  } catch (error) {
    throw call.closed ? call.closed.reason : connectionFailure(source, error);
  } finally {
    call.close();
  }
}

/** Gives the deltas of a streamed answer: all that came in one piece are one. Not a promise for each: tokens are many. */
async function stream(
  response: IncomingMessage,
  call: Call,
  answer: Answer,
  onDelta: OnDelta,
  betweenTokensMs: number,
) {
  const over = Promise.withResolvers<void>();
  let [begun, signs] = [false, 0];
  const resume = () => {
    call.resume();
    response.resume();
  };
  const onData = (bytes: Buffer) => {
    if (call.closed) return;
    answer.feed(bytes);
    if (answer.begun && !begun) call.await('next token', betweenTokensMs);
    else if (begun && answer.signs > signs) call.alive();
    [begun, signs] = [answer.begun, answer.signs];
    const taken = answer.give(onDelta);
    answer.check();
    if (taken) {
      response.pause();
      call.pause();
      taken.then(resume, over.reject);
    }
    if (answer.done) over.resolve();
  };
  response.on('data', (bytes: Buffer) => {
    try {
      onData(bytes);
    } catch (error) {
      over.reject(error);
    }
  });
  response
    .once('end', () => over.resolve())
    .once('error', over.reject)
    .once('close', () => over.resolve());
  try {
    await over.promise;
    if (call.closed) throw call.closed.reason;
    if (!answer.done) answer.close();
  } catch (error) {
    // The server owed nothing but a goodbye. An abort and a reader that left count all the same.
    const late = call.closed === undefined || call.closed.reason instanceof BackendError;
    if (!(answer.whole && late)) throw error;
  }
}

async function refusal(response: IncomingMessage, source: Source): Promise<BackendError> {
  const body = await text(response, longestErrorBody, source);
  return statusFailure(source, response.statusCode ?? 0, body, response.headers['retry-after']);
}

async function text(response: IncomingMessage, longest: number, { name }: Source): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    if (length > longest) throw new BackendError('protocol', `${name} answered with more than ${longest} bytes.`);
  }
  return new TextDecoder().decode(Buffer.concat(pieces));
}

function endpoint(base: string, path: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`;
  return url;
}
