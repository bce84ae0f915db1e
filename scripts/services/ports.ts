import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that systems give to outgoing connections (from 32768 on Linux), and so are those of a cluster's bus, which
 * are 10,000 above: an outgoing one could have it by the time that the server starts, or starts again. Above 10080, the last
 * that `fetch` and browsers refuse.
 */
const [from, to] = [11_000, 22_000];

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
