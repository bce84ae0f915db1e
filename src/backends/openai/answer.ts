import { createParser, type EventSourceParser, type ParseError } from 'eventsource-parser';
import type { FinishReason, TokenUsage } from '../../domain/entry.ts';
import { type BackendEnd, BackendError, type OnDelta } from '../backend.ts';
import { type Chunk, readChunk } from './chunk.ts';
import { errorFailure, field, type Source } from './failure.ts';

/** One event may be this long, in characters: beyond, it is no answer. */
const longestEvent = 1024 * 1024;

/** An answer on its way: takes the bytes of the stream as the network cuts them, and gives text. */
export class Answer {
  /** The first token, be it thinking, has come. */
  begun = false;
  /** The server has said all. */
  done = false;
  /** Counts events and comments: signs of life. */
  signs = 0;
  readonly #source: Source;
  readonly #parser: EventSourceParser;
  readonly #decoder = new TextDecoder();
  #text = '';
  #tokens = 0;
  #finishReason: FinishReason | undefined;
  #usage: TokenUsage | null = null;
  #failure: BackendError | undefined;
  #closing = false;

  constructor(source: Source) {
    this.#source = source;
    this.#parser = createParser({
      maxBufferSize: longestEvent,
      onEvent: ({ data, event }) => this.#event(data, event),
      onComment: () => this.signs++,
      onError: (error) => this.#oddLine(error),
    });
  }

  /** Whether all of the text is there: then it does not matter what becomes of the connection. */
  get whole(): boolean {
    return this.#finishReason !== undefined && this.#failure === undefined;
  }

  feed(bytes: Uint8Array): void {
    // After an overflow the parser takes nothing more.
    if (this.#failure === undefined) this.#parser.feed(this.#decoder.decode(bytes, { stream: true }));
  }

  /** The stream is over: its last event may lack the blank line, and then may be cut. */
  close(): void {
    this.#closing = true;
    if (this.#failure === undefined) this.#parser.feed(`${this.#decoder.decode()}\n\n`);
  }

  /** Gives the text that has come since the last call, if any, and what `onDelta` returns. Half a surrogate pair waits for the other half. */
  give(onDelta: OnDelta): Promise<void> | undefined {
    if (this.#text === '') return undefined;
    const held = !this.whole && !this.done && isHighSurrogate(this.#text.charCodeAt(this.#text.length - 1)) ? 1 : 0;
    const text = this.#text.slice(0, this.#text.length - held);
    if (text === '') return undefined;
    const tokens = Math.max(1, this.#tokens);
    this.#text = this.#text.slice(text.length);
    this.#tokens = 0;
    return onDelta(text, tokens);
  }

  /** @throws BackendError if the server said that it failed, or something that can't be understood. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** How it ended, when the stream is over. @throws BackendError `truncated` if the answer is not whole. */
  end(): BackendEnd {
    this.check();
    if (this.#finishReason === undefined && !this.done) throw this.#truncated();
    return { finishReason: this.#finishReason ?? 'OTHER', usage: this.#usage };
  }

  /** A whole answer in one piece, from a server that does not stream. */
  readWhole(json: string): void {
    this.#event(json);
    if (!this.begun && this.#finishReason === undefined) this.#failure ??= this.#notUnderstood('no answer');
    // It is all there, also where it does not tell why it ended.
    this.done = true;
    this.#tokens = this.#usage?.completionTokens ?? this.#tokens;
  }

  #event(data: string, event?: string): void {
    this.signs++;
    if (this.done || this.#failure !== undefined) return;
    if (data.trim() === '[DONE]') {
      this.done = true;
      return;
    }
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch (cause) {
      this.#failure = this.#closing ? this.#truncated() : this.#notUnderstood('data that is not JSON', cause);
      return;
    }
    if (event === 'error' || (field(value, 'error') ?? null) !== null || field(value, 'object') === 'error') {
      this.#failure = errorFailure(this.#source, value);
      return;
    }
    const chunk = readChunk(value);
    if (chunk === undefined) this.#failure = this.#notUnderstood('a chunk of another shape');
    else this.#add(chunk);
  }

  #add({ content, thinks, finishReason, usage }: Chunk): void {
    if (content !== '') {
      this.#text += content;
      this.#tokens++;
    }
    if (content !== '' || thinks) this.begun = true;
    if (usage !== undefined) this.#usage = usage;
    if (finishReason === 'GIVEN_UP') this.#failure = this.#truncated();
    else if (finishReason !== undefined) this.#finishReason = finishReason;
  }

  #oddLine({ type, field: name, value }: ParseError): void {
    if (type === 'max-buffer-size-exceeded') this.#failure = this.#notUnderstood('an event without an end');
    // Some llama.cpp versions write `error: {…}` where others write `data: {"error": …}`.
    else if (type === 'unknown-field' && name === 'error') this.#event(value ?? '', 'error');
  }

  #notUnderstood(what: string, cause?: unknown): BackendError {
    return new BackendError('protocol', `${this.#source.name} sent ${what}.`, { cause });
  }

  #truncated(): BackendError {
    return new BackendError('truncated', `${this.#source.name}: the stream ended before the answer did.`);
  }
}

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;
