import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { OpenAIBackendOptions } from '../../src/backends/openai.ts';
import { asks, collect, never } from './collect.ts';
import { backend, run, server, text, token } from './one-server.ts';
import { type Step, says } from './scripted-steps.ts';

describe('what it sends', () => {
  it('is the conversation and the parameters, under their names there', async () => {
    server.answer(says(text));
    const parameters = { maxTokens: 3, temperature: 0, topP: 0.9, seed: 7, stop: ['\n'] };
    const messages = [
      { role: 'SYSTEM', text: 'Be brief.' },
      { role: 'USER', text: 'Hi' },
    ] as const;
    const { text: got, end } = await run({ apiKey: 'sk-1' }, asks('', { messages, parameters }));
    const { body, headers, method } = await server.request(0);
    expect(body).toEqual({
      model: 'scripted',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 3,
      temperature: 0,
      top_p: 0.9,
      seed: 7,
      stop: ['\n'],
    });
    expect([method, headers.authorization, headers['content-type']]).toEqual([
      'POST',
      'Bearer sk-1',
      'application/json',
    ]);
    expect(got).toBe('Call me Ishmael.');
    expect(end).toEqual({ finishReason: 'LENGTH', usage: { promptTokens: 3, completionTokens: 3 } });
  });

  it('leaves out what was not given', async () => {
    server.answer(says(text));
    await run();
    const { body, headers } = await server.request(0);
    expect(Object.keys(body ?? {})).toEqual(['model', 'messages', 'stream', 'stream_options']);
    expect(headers.authorization).toBeUndefined();
  });

  it('continues from a prefix where the server can', async () => {
    server.answer(says(text));
    const prefix = 'Call me Ishmael.';
    const { text: got } = await run({ continuation: 'prefill' }, asks('Who?', { prefix, prefixTokens: 3 }));
    expect(prefix + got).toBe(text);
    const { body } = await server.request(0);
    expect(body?.messages.at(-1)).toEqual({ role: 'assistant', content: prefix });
    expect(body).toMatchObject({ continue_final_message: true, add_generation_prompt: false });
  });

  it('is nothing where no token is left: servers refuse to write none', async () => {
    const request = asks('Who?', { prefix: text, parameters: { maxTokens: 0 } });
    const { text: got, end } = await run({ continuation: 'prefill' }, request);
    expect([got, end]).toEqual(['', { finishReason: 'LENGTH', usage: null }]);
    expect(server.requests).toHaveLength(0);
  });

  it('says whether it continues, and takes no prefix where it does not', async () => {
    expect([backend().continues, backend({ continuation: 'prefill' }).continues]).toEqual([false, true]);
    expect((await run({}, asks('Who?', { prefix: 'Call' }))).error).toBeInstanceOf(TypeError);
  });

  it('takes a url with a slash at its end, and no key that a header can not hold', async () => {
    server.answer(says(text));
    expect((await run({ url: `${server.url}/` })).text).toBe(text);
    expect(() => backend({ apiKey: 'sk\n1' })).toThrow(TypeError);
  });
});

describe('what it reads', () => {
  it('gives the first token while the server is still at the second', async () => {
    server.answer([token('Call'), { do: 'stall' }]);
    const leaving = new AbortController();
    const first = await new Promise((resolve) => {
      const onDelta = (...delta: unknown[]) => void resolve(delta);
      backend()
        .generate(asks('Who?'), onDelta, leaving.signal)
        .catch(() => {});
    });
    expect(first).toEqual(['Call', 1]);
    leaving.abort();
  });

  it.each(['vllm', 'vllm-continuous-usage', 'ollama', 'llamacpp', 'openai', 'proxy-crlf'])(
    'reads %s, in pieces of any size',
    async (name) => {
      const bytes = readFileSync(new URL(`recordings/${name}.sse`, import.meta.url));
      const size = 97;
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      server.answer([{ do: 'raw', pieces }]);
      const { text: got, tokens, end, error } = await run();
      expect(error).toBeUndefined();
      expect([got, tokens]).toEqual(['Call me Ishmael. 🐋 Überall', 8]);
      expect(end?.usage).toEqual({ promptTokens: 12, completionTokens: 9 });
    },
  );

  it('reads an answer that is not streamed', async () => {
    const usage = { prompt_tokens: 2, completion_tokens: 3 };
    const choices = [{ index: 0, message: { role: 'assistant', content: 'Call me.' }, finish_reason: 'stop' }];
    server.answer([{ do: 'reply', status: 200, body: { object: 'chat.completion', choices, usage } }]);
    const { deltas, end } = await run();
    expect(deltas).toEqual([{ text: 'Call me.', tokens: 3 }]);
    expect(end).toEqual({ finishReason: 'STOP', usage: { promptTokens: 2, completionTokens: 3 } });
  });

  it('takes a finish reason for the end, whether [DONE] follows, or a cut, or nothing', async () => {
    const ended: Step[] = [token('Call'), { do: 'finish', done: false }];
    server.answer(ended, [...ended, { do: 'cut' }], [...ended, { do: 'stall' }]);
    for (let i = 0; i < 3; i++) {
      const { text: got, end, error } = await run({ timeouts: { betweenTokensMs: 50 } });
      expect([got, end?.finishReason, error]).toEqual(['Call', 'STOP', undefined]);
    }
  });

  it('does not wait for the server to close after [DONE]', async () => {
    server.answer([token('Call'), { do: 'finish' }, { do: 'stall' }]);
    const { end } = await run();
    expect(end?.finishReason).toBe('STOP');
    await (await server.request(0)).left;
  });
});

describe('leaving', () => {
  it('closes the request at once when the signal is aborted, and throws its reason', async () => {
    server.answer([token('Call'), { do: 'stall' }], () => new Promise(() => {}));
    for (let i = 0; i < 2; i++) {
      const controller = new AbortController();
      const reading = collect(backend(), asks('Who?'), controller.signal);
      const { left } = await server.request(i);
      const reason = new Error('cancelled');
      controller.abort(reason);
      expect((await reading).error).toBe(reason);
      await left;
    }
  });

  it('throws the reason also where all has come already', async () => {
    server.answer(says(text));
    const controller = new AbortController();
    const deltas: string[] = [];
    const onDelta = (delta: string) => {
      deltas.push(delta);
      controller.abort('enough');
      return undefined;
    };
    await expect(backend().generate(asks('Who?'), onDelta, controller.signal)).rejects.toBe('enough');
    expect(deltas).toEqual(['Call']);
  });

  it('asks nothing when the signal is aborted before', async () => {
    const { error } = await collect(backend(), asks('Who?'), AbortSignal.abort('no'));
    expect([error, server.requests.length]).toEqual(['no', 0]);
  });

  it('closes the request when the reader fails, and throws what it failed of', async () => {
    server.answer([token('Call'), { do: 'stall' }]);
    // Not taken for a failure of the connection, which has a code too.
    const failure = Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
    await expect(backend().generate(asks('Who?'), () => Promise.reject(failure), never)).rejects.toBe(failure);
    await (await server.request(0)).left;
  });

  it('gives nothing while the reader is not ready', async () => {
    server.answer([token('Call'), { do: 'wait', ms: 20 }, token(' me'), { do: 'finish' }]);
    const deltas: string[] = [];
    const ready = Promise.withResolvers<void>();
    const onDelta = (delta: string) => {
      deltas.push(delta);
      return ready.promise;
    };
    const end = backend().generate(asks('Who?'), onDelta, never);
    await (await server.request(0)).done;
    // A round trip: what was sent before has come.
    await backend().probe(never);
    expect(deltas).toEqual(['Call']);
    ready.resolve();
    await end;
    expect(deltas).toEqual(['Call', ' me']);
  });

  it('leaves no listener on the signal', async () => {
    server.answer(says(text));
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    await collect(backend(), asks('Who?'), signal);
    expect(listeners).toBe(0);
  });
});

describe('probing', () => {
  const probe = (options?: Partial<OpenAIBackendOptions>) => backend(options).probe(never);

  it('is content with any answer, also where the model is not listed or there is no list', async () => {
    await probe();
    await probe({ model: 'an-alias' });
    server.models = null;
    await probe({ apiKey: 'sk-1' });
    expect(server.probes.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/v1/models', undefined],
      ['/v1/models', undefined],
      ['/v1/models', 'Bearer sk-1'],
    ]);
  });

  it.each([
    [401, 'refused', 'one refuses the key (401).'],
    [403, 'refused', 'one refuses the key (403).'],
    [503, 'unavailable', 'one answered 503: loading'],
  ])('fails on %i', async (status, kind, message) => {
    server.modelsReply = { do: 'reply', status, body: { error: { message: 'loading' } } };
    await expect(probe()).rejects.toMatchObject({ kind, message });
  });

  it('fails where nobody listens, and when its signal says so', async () => {
    await expect(backend().probe(AbortSignal.abort('no'))).rejects.toBe('no');
    await server.refuse();
    await expect(probe()).rejects.toMatchObject({ kind: 'unreachable' });
    await server.listen();
    await probe();
  });
});
