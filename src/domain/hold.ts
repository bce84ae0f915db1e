/** What tells once that it is closed: a socket, or an answer over HTTP. */
interface Closing {
  readonly destroyed: boolean;
  on(event: 'close', listener: () => void): unknown;
}

/** Takes something for as long as a connection is open. @throws what `take` throws */
export async function holdWhileOpen(connection: Closing, take: () => Promise<{ release(): void }>): Promise<void> {
  const held = await take();
  if (connection.destroyed) held.release();
  // It closes once; `once` would take another 180 bytes of every connection.
  else connection.on('close', () => held.release());
}
