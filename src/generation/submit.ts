import type { Viewer } from '../domain/conversation.ts';
import { badInput } from '../domain/errors.ts';
import type { Generation } from '../domain/generation.ts';
import { newId } from '../domain/ids.ts';
import { newEpoch } from '../log/log.ts';
import type { GenerationDraft } from '../store/store.ts';
import type { CancelDeps } from './cancel.ts';
import { tellGeneration } from './changes.ts';
import type { RunInput } from './generation.ts';
import { checkSampling, fingerprint } from './prompt.ts';
import { accountOf, type GenerationLimits, tokensFor } from './quota.ts';
import { readCurrent } from './read.ts';

export interface SubmitDeps extends CancelDeps {
  /** Ids of the configured models. */
  readonly known: ReadonlySet<string>;
  readonly defaultModel: string;
  readonly limits: GenerationLimits;
  readonly onError: (error: unknown, generationId: string) => void;
}

const maxKeyLength = 200;

/**
 * A draft of what the input asks for, without its prompt.
 * @param promptCharacters how long the prompt is, in UTF-16 code units
 * @throws MillraceError `BAD_USER_INPUT`
 */
export function draftOf(
  { known, defaultModel, limits, now = Date.now }: SubmitDeps,
  viewer: Viewer,
  input: RunInput,
  promptCharacters: number,
): Omit<GenerationDraft, 'messages' | 'reply'> {
  const modelId = input.model ?? defaultModel;
  if (!known.has(modelId)) throw badInput(`There is no model ${JSON.stringify(modelId)}. \`models\` lists them.`);
  const key = input.idempotencyKey ?? null;
  if (key !== null && (key === '' || key.length > maxKeyLength)) {
    throw badInput(`\`idempotencyKey\` must have 1 to ${maxKeyLength} characters.`);
  }
  const parameters = checkSampling(input.parameters, limits.maxTokens);
  const onDisconnect = input.onDisconnect ?? 'CONTINUE';
  const id = newId('gen');
  const generation = { id, viewerId: viewer.id, modelId, parameters, onDisconnect, createdAt: now() };
  const meant = { ...input, parameters, onDisconnect, idempotencyKey: undefined };
  return {
    generation,
    account: accountOf(viewer, limits),
    ...tokensFor(promptCharacters, parameters.maxTokens, limits),
    generationsAtOnce: limits.generationsAtOnce,
    idempotencyKey: key,
    fingerprint: fingerprint(meant),
  };
}

/**
 * The row first, then the log and the queue: the row is the answer, and what could not be queued now is queued by
 * the next sweep. The log is not waited for: whoever runs it begins one where there is none.
 */
export async function submit(deps: SubmitDeps, draft: GenerationDraft): Promise<Generation> {
  const { store, log, queue, bus, onError, now = Date.now } = deps;
  const { generation, created } = await store.generations.submit(draft);
  if (!created) return (await readCurrent(log, [generation]))[0] ?? generation;
  const { id, modelId } = generation;
  const epoch = newEpoch();
  log.append(id, null, [{ type: 'queued', at: now() }], epoch).catch((error) => onError(error, id));
  try {
    await Promise.all([queue.add({ id, modelId, epoch }), tellGeneration(bus, generation)]);
  } catch (error) {
    onError(error, id);
  }
  return generation;
}
