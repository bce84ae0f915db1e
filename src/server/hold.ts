import type { Duplex } from 'node:stream';

/** Takes something for as long as a socket is open. @throws what `take` throws */
export async function holdWhileOpen(socket: Duplex, take: () => Promise<{ release(): void }>): Promise<void> {
  const held = await take();
  if (socket.destroyed) held.release();
  else socket.once('close', () => held.release());
}
