import type { FinishReason } from '../../domain/entry.ts';
import type { BackendRequest } from '../backend.ts';
import { drawsOf, seedOf } from './draw.ts';
import type { NgramModel } from './model.ts';
import { StopFilter, type Written } from './stops.ts';
import { isBlank, tokenise } from './tokens.ts';

/** How many last tokens are remembered: those that decide on the next one. */
const MEMORY = 3;

/** How many tokens an answer has where the request does not say. */
const defaultLength = 512;

/**
 * One run of the model. Its n-th token depends only on the three tokens before it, the seed and n; so it does not matter
 * which run wrote the tokens before it.
 */
export class Writer {
  readonly #model: NgramModel;
  readonly #temperature: number;
  readonly #topP: number;
  readonly #draw: (index: number) => number;
  readonly #stops: StopFilter;
  #context: number[] = [];
  /** Tokens of the answer so far, the prefix included. */
  #index = 0;
  #left = 0;
  /** What is missing of the prefix's last token. */
  #remainder = '';
  #finishReason: FinishReason | null = null;
  /** Tokens of all messages and the prefix. */
  readonly promptTokens: number;

  constructor(model: NgramModel, { generationId, messages, parameters, prefix }: BackendRequest) {
    const { maxTokens, temperature = 0.8, topP = 1, seed = seedOf(generationId), stop = [] } = parameters;
    this.#model = model;
    this.#temperature = temperature;
    this.#topP = topP;
    this.#draw = drawsOf(seed);
    this.#stops = new StopFilter(stop, prefix);
    const written = tokenise(prefix);
    const prompts = messages.map(({ text }) => tokenise(text));
    this.promptTokens = prompts.reduce((sum, { length }) => sum + length, written.length);
    this.#steer(prompts.at(-1) ?? []);
    this.#resume(written);
    this.#left = maxTokens ?? defaultLength - this.#index;
    if (this.#left <= 0) this.#finishReason = 'LENGTH';
  }

  /** Why the answer ended; null as long as it goes on. */
  get finishReason(): FinishReason | null {
    return this.#finishReason;
  }

  /** Writes up to `count` more tokens and gives what can be shown by now, which may be nothing. */
  write(count: number): Written {
    for (let written = 0; written < count && this.#finishReason === null; written++) this.#writeOne();
    return this.#stops.take();
  }

  #writeOne(): void {
    const token = this.#remainder || this.#next();
    if (this.#remainder === '') this.#append(token);
    this.#remainder = '';
    this.#left--;
    if (this.#stops.push(token)) {
      this.#finishReason = 'STOP';
    } else if (this.#left === 0) {
      this.#stops.flush();
      this.#finishReason = 'LENGTH';
    }
  }

  /** The last words of the prompt that the model knows are where the answer begins. */
  #steer(prompt: readonly string[]): void {
    const model = this.#model;
    let end = prompt.length;
    const known = (token = '') => !isBlank(token) && model.find(token) !== undefined;
    while (end > 0 && !known(prompt[end - 1])) end--;
    for (const token of prompt.slice(Math.max(0, end - MEMORY), end)) this.#remember(model.idOf(token));
  }

  /**
   * Takes up where an earlier run left off. The prefix's last token is drawn once more: if that gives a token which
   * begins so, the prefix was cut inside it (as a stop text does), and what is missing of it comes first.
   */
  #resume(written: readonly string[]): void {
    const last = written.at(-1);
    if (last === undefined) return;
    for (const token of written.slice(0, -1)) this.#append(token);
    const whole = this.#next();
    if (whole.startsWith(last)) this.#remainder = whole.slice(last.length);
    this.#append(last + this.#remainder);
  }

  /** The text of the answer's next token. An answer never begins with white space. */
  #next(): string {
    const draw = this.#draw(this.#index);
    const pick = (context: readonly number[]) =>
      this.#model.textOf(this.#model.candidates(context).pick(this.#temperature, this.#topP, draw));
    if (this.#index > 0) return pick(this.#context);
    const first = pick(this.#context).trim();
    return first || pick([]).trim();
  }

  #append(token: string): void {
    this.#remember(this.#index === 0 ? this.#idOfFirst(token) : this.#model.idOf(token));
    this.#index++;
  }

  /** The first word stands without a space, but as after the prompt's last. */
  #idOfFirst(token: string): number {
    return this.#model.find(` ${token}`) ?? this.#model.idOf(token);
  }

  #remember(id: number): void {
    if (this.#context.length === MEMORY) this.#context.shift();
    this.#context.push(id);
  }
}
