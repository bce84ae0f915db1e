import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { startApp } from './app.ts';

test('a backend has as long for a probe as timeouts.probe says', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const backend = `{ kind: openai, name: a, url: "http://127.0.0.1:${port}/v1", model: m }`;
  const app = await startApp({ yaml: `models: [{ id: m, timeouts: { probe: 30ms }, backends: [${backend}] }]` });
  type Data = { model: { backends: { lastError: string | null }[] } };
  const lastError = async () => {
    const { model } = await app.get<Data>('{ model(id: "m") { backends { lastError } } }');
    return model.backends[0]?.lastError;
  };
  await expect.poll(lastError).toMatch(/a did not answer within 30 ms\.$/);
  await app[Symbol.asyncDispose]();
  for (const socket of sockets) socket.destroy();
  silent.close();
});
