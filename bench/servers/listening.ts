import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Takes connections on a free port; resolves with where GraphQL is. */
export async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 511, resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}
