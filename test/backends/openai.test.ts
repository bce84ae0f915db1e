import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type OpenAIBackendOptions, openaiBackend } from '../../src/backends/openai.ts';
import { asks, collect, failure, never } from './collect.ts';
import { type ScriptedServer, startScriptedServer } from './scripted-server.ts';
import { chunk, type Step, says } from './scripted-steps.ts';

const text = 'Call me Ishmael. Some years ago, never mind how long precisely.';
let server: ScriptedServer;
beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  expect(server.faults).toEqual([]);
});

const backend = (options: Partial<OpenAIBackendOptions> = {}) =>
  openaiBackend({ name: 'one', url: server.url, model: 'scripted', ...options });
const run = (options?: Partial<OpenAIBackendOptions>, request = asks('Who are you?')) =>
  collect(backend(options).generate(request, never));
const token = (content: string): Step => ({ do: 'raw', pieces: [chunk({ delta: { content } })] });

/** A server that does not speak HTTP. */
async function listens(greet: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const tcp = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    greet(socket);
  });
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    tcp.close();
  };
  return { url: `http://127.0.0.1:${(tcp.address() as AddressInfo).port}/v1`, close };
}

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
    expect(end).toEqual({ type: 'end', finishReason: 'LENGTH', usage: { promptTokens: 3, completionTokens: 3 } });
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

  it('says whether it continues, and takes no prefix where it does not', () => {
    expect([backend().continues, backend({ continuation: 'prefill' }).continues]).toEqual([false, true]);
    expect(() => backend().generate(asks('Who?', { prefix: 'Call' }), never)).toThrow(TypeError);
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
    const parts = backend().generate(asks('Who?'), never)[Symbol.asyncIterator]();
    expect(await parts.next()).toEqual({ done: false, value: { type: 'delta', text: 'Call', tokens: 1 } });
    await parts.return?.();
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
    expect(end).toEqual({ type: 'end', finishReason: 'STOP', usage: { promptTokens: 2, completionTokens: 3 } });
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

describe('failures', () => {
  const fails = async (options?: Partial<OpenAIBackendOptions>) => {
    const { error, text: got, end } = await run(options);
    expect(end).toBeUndefined();
    return { ...failure(error), text: got };
  };

  it('a refused connection and an unknown name are unreachable', async () => {
    await server.refuse();
    expect(await fails()).toMatchObject({ kind: 'unreachable', message: 'one: the connection failed (ECONNREFUSED).' });
    expect((await fails({ url: 'http://nowhere.invalid/v1' })).kind).toBe('unreachable');
  });

  it('a handshake that fails is unreachable', async () => {
    expect((await fails({ url: server.url.replace('http', 'https') })).kind).toBe('unreachable');
  });

  it('a busy server is unavailable, and says for how long', async () => {
    server.answer([
      { do: 'reply', status: 429, headers: { 'retry-after': '2' }, body: { error: { message: 'busy' } } },
    ]);
    expect(await fails()).toMatchObject({ kind: 'unavailable', message: 'one answered 429: busy', retryAfterMs: 2000 });
  });

  it('a broken server is unavailable, a request that it does not take is refused', async () => {
    server.answer(
      [{ do: 'reply', status: 502 }],
      [{ do: 'reply', status: 400, body: { error: { message: 'too long' } } }],
    );
    expect(await fails()).toMatchObject({ kind: 'unavailable', message: 'one answered 502' });
    expect(await fails()).toMatchObject({ kind: 'refused', message: 'one answered 400: too long' });
  });

  it('a connection that is cut after some tokens is unreachable, and its tokens are given', async () => {
    server.answer(says(text, { cutAfter: 3 }));
    expect(await fails()).toMatchObject({ kind: 'unreachable', text: 'Call me Ishmael.' });
  });

  it('a stream that ends before the answer is truncated', async () => {
    server.answer(says(text, { truncateAfter: 3 }));
    expect(await fails()).toMatchObject({ kind: 'truncated', text: 'Call me Ishmael.' });
  });

  it('half a JSON object, a web page and what is no answer breach the protocol', async () => {
    const page: Step = { do: 'reply', status: 200, headers: { 'content-type': 'text/html' }, body: '<p>Log in' };
    server.answer(says(text, { garbleAfter: 3 }), [page], [{ do: 'reply', status: 200, body: {} }]);
    expect(await fails()).toMatchObject({ kind: 'protocol', text: 'Call me Ishmael.' });
    expect((await fails()).kind).toBe('protocol');
    expect((await fails()).kind).toBe('protocol');
  });

  it('what is not HTTP breaches the protocol', async () => {
    const { url, close } = await listens((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    expect((await fails({ url })).kind).toBe('protocol');
    close();
  });

  it('an error in the middle of the stream is told after the text before it', async () => {
    server.answer([token('Call'), { do: 'raw', pieces: ['data: {"error":{"message":"lost","code":500}}\n\n'] }]);
    expect(await fails()).toMatchObject({ kind: 'unavailable', text: 'Call', message: 'one sent an error: lost' });
  });

  it('never tells the key or the prompt', async () => {
    const prompt = 'My daughter Ada was born on the first of May.';
    server.answer(({ body, headers }) => [
      {
        do: 'reply',
        status: 400,
        body: { error: { message: `bad: ${headers.authorization} ${JSON.stringify(body)}` } },
      },
    ]);
    const { error } = await run({ apiKey: 'sk-0123456789abcdef' }, asks(prompt));
    await server.refuse();
    const { error: second } = await run({ apiKey: 'sk-0123456789abcdef' }, asks(prompt));
    for (const each of [error, second]) {
      expect(inspect(each, { depth: 9, showHidden: true })).not.toMatch(/sk-0123|daughter|first of May/);
    }
  });
});

describe('timeouts', () => {
  it('no connection in time, its handshake included', async () => {
    const { url, close } = await listens(() => {});
    const { error } = await run({ url: url.replace('http', 'https'), timeouts: { connectMs: 50 } });
    expect(failure(error)).toMatchObject({ kind: 'timeout', message: 'one: no connection within 50 ms.' });
    close();
  });

  it('no head, no token but comments and a role, or only half of an answer, in time for the first token', async () => {
    const role: Step = { do: 'raw', pieces: [chunk({ delta: { role: 'assistant', content: '' } })] };
    const comments: Step = { do: 'wait', ms: 60_000, commentEveryMs: 20 };
    const half: Step = { do: 'reply', status: 200, headers: { 'content-type': 'application/json' }, body: '{' };
    server.answer(() => new Promise(() => {}), [role, comments], [half, { do: 'stall' }]);
    for (let i = 0; i < 3; i++) {
      const { error } = await run({ timeouts: { firstTokenMs: 100 } });
      expect(failure(error)).toMatchObject({ kind: 'timeout', message: 'one: no first token within 100 ms.' });
      await (await server.request(i)).left;
    }
  });

  it('no sign of life after a token in time', async () => {
    server.answer(says(text, { stallAfter: 2 }));
    const { error, text: got } = await run({ timeouts: { betweenTokensMs: 100 } });
    expect(failure(error)).toMatchObject({ kind: 'timeout', message: 'one: no next token within 100 ms.' });
    expect(got).toBe('Call me');
    await (await server.request(0)).left;
  });

  it('comments and thinking keep it waiting', async () => {
    const thinking: Step = { do: 'raw', pieces: [chunk({ delta: { reasoning_content: 'Hm' } })] };
    const comments: Step = { do: 'wait', ms: 900, commentEveryMs: 50 };
    server.answer([thinking, comments, token('Call'), comments, { do: 'finish' }]);
    const { error, text: got } = await run({ timeouts: { firstTokenMs: 400, betweenTokensMs: 400 } });
    expect([error, got]).toEqual([undefined, 'Call']);
  });

  it("the reader's own time is not held against the server", async () => {
    server.answer([token('Call'), { do: 'wait', ms: 350 }, token(' me'), { do: 'finish' }]);
    const parts = backend({ timeouts: { betweenTokensMs: 100 } }).generate(asks('Who?'), never);
    let got = '';
    for await (const part of parts) {
      if (part.type === 'delta') got += part.text;
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    expect(got).toBe('Call me');
  });
});

describe('leaving', () => {
  it('closes the request at once when the signal is aborted, and throws its reason', async () => {
    server.answer([token('Call'), { do: 'stall' }], () => new Promise(() => {}));
    for (let i = 0; i < 2; i++) {
      const controller = new AbortController();
      const reading = collect(backend().generate(asks('Who?'), controller.signal));
      const { left } = await server.request(i);
      const reason = new Error('cancelled');
      controller.abort(reason);
      expect((await reading).error).toBe(reason);
      await left;
    }
  });

  it('throws the reason also between two parts that have come already', async () => {
    server.answer(says(text));
    const controller = new AbortController();
    const parts = backend().generate(asks('Who?'), controller.signal)[Symbol.asyncIterator]();
    await parts.next();
    controller.abort('enough');
    await expect(
      (async () => {
        for (;;) if ((await parts.next()).done) return;
      })(),
    ).rejects.toBe('enough');
  });

  it('asks nothing when the signal is aborted before', async () => {
    const { error } = await collect(backend().generate(asks('Who?'), AbortSignal.abort('no')));
    expect([error, server.requests.length]).toEqual(['no', 0]);
  });

  it('closes the request when the reader leaves, between two parts and while it waits for one', async () => {
    server.answer([token('Call'), { do: 'stall' }]);
    for await (const _ of backend().generate(asks('Who?'), never)) break;
    await (await server.request(0)).left;

    const parts = backend().generate(asks('Who?'), never)[Symbol.asyncIterator]();
    await parts.next();
    const waiting = parts.next();
    await parts.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await (await server.request(1)).left;
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
    await collect(backend().generate(asks('Who?'), signal));
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
