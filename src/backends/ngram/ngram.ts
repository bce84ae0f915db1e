import type { Backend, BackendEnd, BackendRequest, OnDelta } from '../backend.ts';
import { mobyDick } from './corpus.ts';
import { Pace } from './pace.ts';
import { Writer } from './writer.ts';

export interface NgramOptions {
  /** Unique within the model. */
  readonly name?: string;
  /** Of each stream; 0 is as fast as it goes. */
  readonly tokensPerSecond?: number;
}

/**
 * The built-in model `ngram-moby-dick`: writes after the manner of Moby Dick, in this process, without anything to
 * install. A run that goes on from a prefix gives exactly the text of a run that was never interrupted.
 *
 * Defaults: 512 tokens, temperature 0.8, topP 1; without a seed the generation's id is the seed.
 * All instances share one trained model, made at the first `generate` or `probe`.
 *
 * @throws RangeError for a `tokensPerSecond` that is no number from 0 up.
 */
export function ngramBackend({ name = 'ngram', tokensPerSecond = 40 }: NgramOptions = {}): Backend {
  if (!Number.isFinite(tokensPerSecond) || tokensPerSecond < 0) {
    throw new RangeError(`tokensPerSecond must be a number from 0 up, not ${tokensPerSecond}`);
  }
  return {
    name,
    kind: 'ngram',
    continues: true,
    generate: (request, onDelta, signal) => generate(request, tokensPerSecond, onDelta, signal),
    async probe(signal) {
      signal.throwIfAborted();
      await mobyDick();
      signal.throwIfAborted();
    },
  };
}

async function generate(
  request: BackendRequest,
  tokensPerSecond: number,
  onDelta: OnDelta,
  signal: AbortSignal,
): Promise<BackendEnd> {
  signal.throwIfAborted();
  const writer = new Writer(await mobyDick(), request);
  const pace = new Pace(tokensPerSecond, signal);
  let completionTokens = 0;
  try {
    while (writer.finishReason === null) {
      const { text, tokens } = writer.write(await pace.due());
      completionTokens += tokens;
      if (tokens > 0) await onDelta(text, tokens);
    }
    signal.throwIfAborted();
    return { finishReason: writer.finishReason, usage: { promptTokens: writer.promptTokens, completionTokens } };
  } finally {
    pace.stop();
  }
}
