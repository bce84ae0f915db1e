import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that systems give to outgoing connections (from 32768 on Linux): one of those could have it by the time
 * that the server starts, or starts again. Those of a cluster's bus, 10,000 above, are no more than there are.
 */
const [from, to] = [10_000, 32_000];

/** A free port of 127.0.0.1: the wanted one, or any other where that is taken. */
export async function freePort(wanted = randomInt(from, to)): Promise<number> {
  const server = createServer();
  try {
    await once(server.listen(wanted, '127.0.0.1'), 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return freePort();
  }
  server.close();
  await once(server, 'close');
  return wanted;
}
