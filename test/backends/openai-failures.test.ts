import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { OpenAIBackendOptions } from '../../src/backends/openai.ts';
import { asks, failure, never } from './collect.ts';
import { backend, run, server, text, token } from './one-server.ts';
import { chunk, type Step, says } from './scripted-steps.ts';

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

const fails = async (options?: Partial<OpenAIBackendOptions>) => {
  const { error, text: got, end } = await run(options);
  expect(end).toBeUndefined();
  return { ...failure(error), text: got };
};

describe('failures of the connection and of the server', () => {
  it('a refused connection is unreachable', async () => {
    await server.refuse();
    expect(await fails()).toMatchObject({ kind: 'unreachable', message: 'one: the connection failed (ECONNREFUSED).' });
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

  it('an error beside a text that is not taken is told, and nothing is left that nobody hears of', async () => {
    const pieces = [
      `${chunk({ delta: { content: 'Call' } })}data: {"error":{"message":"out of memory","code":500}}\n\n`,
    ];
    server.answer([{ do: 'raw', pieces }]);
    const refused = Promise.withResolvers<void>();
    const unheard: unknown[] = [];
    const onUnheard = (reason: unknown) => unheard.push(reason);
    process.on('unhandledRejection', onUnheard);
    const generating = backend().generate(asks('Who?'), () => refused.promise, never);
    await expect(generating).rejects.toThrow('out of memory');
    refused.reject(new Error('the log refuses it'));
    await sleep(10);
    process.off('unhandledRejection', onUnheard);
    expect(unheard).toEqual([]);
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
});

describe('failures in what it says', () => {
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
    let got = '';
    const onDelta = (delta: string) => {
      got += delta;
      return sleep(400);
    };
    await backend({ timeouts: { betweenTokensMs: 100 } }).generate(asks('Who?'), onDelta, never);
    expect(got).toBe('Call me');
  });
});
