import type { BackendRequest } from '../backend.ts';

/**
 * The body of `POST /chat/completions`. What is left out of the parameters is left out of the body.
 *
 * A prefix goes as the last message, with the two fields by which vLLM continues that message rather than answering
 * it; Ollama and llama.cpp continue a trailing assistant message anyway, and pass over fields they don't know.
 */
export function chatBody(model: string, { messages, parameters, prefix }: BackendRequest): string {
  const { maxTokens, temperature, topP, seed, stop } = parameters;
  const sent = messages.map(({ role, text }) => ({ role: role.toLowerCase(), content: text }));
  if (prefix !== '') sent.push({ role: 'assistant', content: prefix });
  return JSON.stringify({
    model,
    messages: sent,
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: maxTokens,
    temperature,
    top_p: topP,
    seed,
    stop,
    ...(prefix !== '' && { continue_final_message: true, add_generation_prompt: false }),
  });
}
