import type { FinishReason, TokenUsage } from '../../domain/entry.ts';
import { field } from './failure.ts';

const finishReasons: Readonly<Record<string, FinishReason>> = {
  stop: 'STOP',
  eos: 'STOP',
  eos_token: 'STOP',
  end_turn: 'STOP',
  stop_sequence: 'STOP',
  length: 'LENGTH',
  max_tokens: 'LENGTH',
  model_length: 'LENGTH',
  content_filter: 'CONTENT_FILTER',
  safety: 'CONTENT_FILTER',
  tool_calls: 'TOOL_CALLS',
  tool_use: 'TOOL_CALLS',
  function_call: 'TOOL_CALLS',
};

/** What servers call an answer that they gave up themselves: it is not whole, whatever else they say. */
const givenUp = new Set(['abort', 'aborted', 'cancelled', 'error', 'insufficient_system_resource']);

/** What one chunk of a stream, or one whole answer, says of the only choice that was asked for. */
export interface Chunk {
  readonly content: string;
  /** Thinking: not part of the answer, but the model is at work. */
  readonly thinks: boolean;
  readonly finishReason: FinishReason | 'GIVEN_UP' | undefined;
  readonly usage: TokenUsage | undefined;
}

/** Reads a `chat.completion.chunk` or a `chat.completion`. Undefined where the value is neither. */
export function readChunk(value: unknown): Chunk | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const choices = field(value, 'choices') ?? [];
  if (!Array.isArray(choices)) return undefined;
  const choice = choices.find((each) => (field(each, 'index') ?? 0) === 0);
  const delta = field(choice, 'delta') ?? field(choice, 'message');
  const content = field(delta, 'content') ?? '';
  if (typeof content !== 'string') return undefined;
  const thinks = Boolean(field(delta, 'reasoning_content') || field(delta, 'reasoning'));
  return { content, thinks, finishReason: readFinishReason(field(choice, 'finish_reason')), usage: readUsage(value) };
}

function readFinishReason(value: unknown): FinishReason | 'GIVEN_UP' | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const word = String(value).toLowerCase();
  if (givenUp.has(word)) return 'GIVEN_UP';
  return Object.hasOwn(finishReasons, word) ? finishReasons[word] : 'OTHER';
}

function readUsage(value: unknown): TokenUsage | undefined {
  const usage = field(value, 'usage');
  const [prompt, completion] = [field(usage, 'prompt_tokens'), field(usage, 'completion_tokens')];
  if (!isCount(completion)) return undefined;
  return { promptTokens: isCount(prompt) ? prompt : null, completionTokens: completion };
}

/** Whether a server's figure can be what it says: GraphQL's Int holds no more, and nobody has used less than nothing. */
const isCount = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31;
