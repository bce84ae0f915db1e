import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ScriptedRequest } from './scripted-server.ts';

/** What to do with one request. */
export type Script = readonly Step[] | ((request: ScriptedRequest) => readonly Step[] | Promise<readonly Step[]>);

export type Step =
  /** Any status. A body that is not a string goes as JSON. It ends with the script: a `stall` or `cut` may follow. */
  | {
      readonly do: 'reply';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: unknown;
    }
  /** Streams the text, a word a chunk and a token; as fast as it goes where no rate is given. */
  | { readonly do: 'say'; readonly text: string; readonly tokensPerSecond?: number }
  /** The finish reason and, where given, the usage; then `[DONE]`, unless that is turned off. */
  | { readonly do: 'finish'; readonly reason?: string; readonly usage?: Usage; readonly done?: boolean }
  /** Sends bytes as they are, each piece in a write of its own. */
  | { readonly do: 'raw'; readonly pieces: readonly (string | Uint8Array)[] }
  /** Waits, sending nothing but, where asked, a keep-alive comment every so often. */
  | { readonly do: 'wait'; readonly ms: number; readonly commentEveryMs?: number }
  /** Waits for the test. */
  | { readonly do: 'hold'; readonly until: Promise<unknown> }
  /** Says nothing more, and keeps the connection until the client leaves. */
  | { readonly do: 'stall' }
  /** Destroys the connection. */
  | { readonly do: 'cut' };

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

export interface SaysOptions {
  readonly tokensPerSecond?: number;
  /** After so many tokens of this run the connection is destroyed, */
  readonly cutAfter?: number;
  /** or nothing more comes, */
  readonly stallAfter?: number;
  /** or the stream ends, without a finish reason and `[DONE]`, */
  readonly truncateAfter?: number;
  /** or it goes on with half a JSON object. */
  readonly garbleAfter?: number;
}

/** The tokens of the scripted server: words, each with the white space before it; together the whole text. */
export const words = (text: string): string[] => text.match(/\s*\S+(\s+$)?/g) ?? [];

/**
 * Answers with a known text. Honours `max_tokens`, and `continue_final_message`: it goes on after the last message
 * where the text begins with that. Tells its usage, the prompt's being one token a word.
 */
export function says(text: string, options: SaysOptions = {}): Script {
  return ({ body }) => {
    const last = body?.messages.at(-1)?.content ?? '';
    const rest = body?.continue_final_message && text.startsWith(last) ? text.slice(last.length) : text;
    const { cutAfter, stallAfter, truncateAfter, garbleAfter, ...pace } = options;
    const most = body?.max_tokens ?? Number.POSITIVE_INFINITY;
    const upTo = (n: number) => ({ do: 'say', text: words(rest).slice(0, n).join(''), ...pace }) as const;
    if (cutAfter !== undefined) return [upTo(cutAfter), { do: 'cut' }];
    if (stallAfter !== undefined) return [upTo(stallAfter), { do: 'stall' }];
    if (truncateAfter !== undefined) return [upTo(truncateAfter)];
    if (garbleAfter !== undefined) return [upTo(garbleAfter), { do: 'raw', pieces: ['data: {"choices":[{"del\n\n'] }];
    const completion = Math.min(words(rest).length, most);
    const prompt = body?.messages.flatMap(({ content }) => words(content)).length ?? 0;
    const usage = { prompt_tokens: prompt, completion_tokens: completion };
    return [upTo(most), { do: 'finish', reason: completion < words(rest).length ? 'length' : 'stop', usage }];
  };
}

/** A chunk of a stream as it goes over the wire. */
export const chunk = (choice: object | null, more: object = {}): string =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'scripted',
    choices: choice ? [{ index: 0, finish_reason: null, ...choice }] : [],
    ...more,
  })}\n\n`;

/**
 * Does the steps one after the other, and then ends the answer, or leaves it to be cut; stops when the client is gone.
 */
export async function steps(
  told: readonly Step[],
  response: ServerResponse,
  gone: AbortSignal,
): Promise<'cut' | 'over'> {
  try {
    for (const step of told) {
      if (gone.aborted) return 'over';
      if (step.do === 'cut') {
        // What was written is to arrive before the end.
        await new Promise((resolve) => setImmediate(resolve));
        return 'cut';
      }
      if (step.do !== 'reply' && !response.headersSent) begin(response);
      await one(step, response, gone);
    }
    response.end();
  } catch (error) {
    if (!gone.aborted) throw error;
  }
  return 'over';
}

function begin(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).flushHeaders();
}

async function one(step: Exclude<Step, { do: 'cut' }>, response: ServerResponse, gone: AbortSignal): Promise<void> {
  switch (step.do) {
    case 'reply': {
      const { status, headers = {}, body = '' } = step;
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const type: Record<string, string> = typeof body === 'string' ? {} : { 'content-type': 'application/json' };
      response.writeHead(status, { ...type, ...headers }).flushHeaders();
      if (text !== '') response.write(text);
      return;
    }
    case 'say':
      return say(step.text, step.tokensPerSecond ?? 0, response, gone);
    case 'finish': {
      const { reason = 'stop', usage, done = true } = step;
      response.write(chunk({ delta: {}, finish_reason: reason }));
      if (usage) response.write(chunk(null, { usage }));
      if (done) response.write('data: [DONE]\n\n');
      return;
    }
    case 'raw':
      for (const piece of step.pieces) {
        await new Promise((resolve) => response.write(piece, resolve));
        // So that the pieces travel apart; nothing depends on it.
        if (step.pieces.length > 1) await sleep(1, undefined, { signal: gone });
      }
      return;
    case 'wait': {
      const { ms, commentEveryMs = ms } = step;
      for (let waited = 0; waited < ms; waited += commentEveryMs) {
        await sleep(Math.min(commentEveryMs, ms - waited), undefined, { signal: gone });
        if (commentEveryMs < ms) response.write(': keep-alive\n\n');
      }
      return;
    }
    case 'hold':
      return void (await Promise.race([step.until, aborted(gone)]));
    case 'stall':
      return aborted(gone);
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

async function say(text: string, perSecond: number, response: ServerResponse, gone: AbortSignal): Promise<void> {
  const start = performance.now();
  response.write(chunk({ delta: { role: 'assistant', content: '' } }));
  for (const [n, word] of words(text).entries()) {
    const late = start + (n * 1000) / perSecond - performance.now();
    if (perSecond > 0 && late > 0) await sleep(late, undefined, { signal: gone });
    const room = response.write(chunk({ delta: { content: word } }));
    if (!room) await drained(response, gone);
  }
}

const drained = (response: ServerResponse, gone: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    response.once('drain', resolve);
    gone.addEventListener('abort', () => resolve(), { once: true });
  });
