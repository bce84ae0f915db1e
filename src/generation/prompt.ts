import { createHash } from 'node:crypto';
import { badInput } from '../domain/errors.ts';
import type { ChatMessage, Sampling } from '../domain/generation.ts';

const maxStopLength = 256;

interface PromptInput {
  readonly prompt?: string | null | undefined;
  readonly messages?: readonly ChatMessage[] | null | undefined;
}

/**
 * The messages that the input stands for.
 * @param limit how many UTF-16 code units they may have
 * @throws MillraceError `BAD_USER_INPUT`
 */
export function promptMessages({ prompt, messages }: PromptInput, limit: number): readonly ChatMessage[] {
  if ((prompt == null) === (messages == null)) throw badInput('Give exactly one of `prompt` and `messages`.');
  const all = messages ?? [{ role: 'USER' as const, text: prompt ?? '' }];
  if (!all.some(({ text }) => text.trim() !== '')) throw badInput('The prompt is empty.');
  const length = lengthOf(all);
  if (length > limit) throw badInput(`The prompt has ${length} characters; ${limit} are allowed. Shorten it.`);
  return all;
}

/** In UTF-16 code units. */
export const lengthOf = (messages: readonly ChatMessage[]): number =>
  messages.reduce((sum, { text }) => sum + text.length, 0);

/**
 * The parameters without what was left out.
 * @param mostTokens the most that `maxTokens` may ask for
 * @throws MillraceError `BAD_USER_INPUT` that names every value out of its range
 */
export function checkSampling(
  input: { readonly [Key in keyof Sampling]?: Sampling[Key] | null } | null | undefined,
  mostTokens: number,
): Sampling {
  const given = Object.entries(input ?? {}).filter(([, value]) => value != null);
  const sampling: Sampling = Object.fromEntries(given);
  const { maxTokens, temperature, topP, stop } = sampling;
  const mistakes: string[] = [];
  if (maxTokens !== undefined && !(maxTokens >= 1 && maxTokens <= mostTokens)) {
    mistakes.push(`\`maxTokens\` must be from 1 to ${mostTokens}, the limit of this server.`);
  }
  if (temperature !== undefined && !(temperature >= 0 && temperature <= 2)) {
    mistakes.push('`temperature` must be from 0 to 2.');
  }
  if (topP !== undefined && !(topP > 0 && topP <= 1)) mistakes.push('`topP` must be above 0 and at most 1.');
  if (stop && (stop.length > 4 || stop.some(({ length }) => length < 1 || length > maxStopLength))) {
    mistakes.push(`\`stop\` takes at most 4 texts of 1 to ${maxStopLength} characters.`);
  }
  if (mistakes.length > 0) throw badInput(mistakes.join(' '));
  return sampling;
}

/**
 * Equal for equal input, whatever the order of its keys, and whether a key is null or left out: what an idempotency
 * key is held against.
 */
export function fingerprint(input: unknown): string {
  const sorted = (_key: string, value: unknown) =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([, each]) => each != null)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : value;
  return createHash('sha256').update(JSON.stringify(input, sorted)).digest('base64url');
}
