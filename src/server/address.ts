import type { IncomingMessage } from 'node:http';

/**
 * The address that a request comes from. Each of the `trustedProxies` in front of this server added to
 * `X-Forwarded-For` whom it was asked by; what stands before those anybody may have written.
 */
export function addressOf({ socket, headers }: IncomingMessage, trustedProxies: number): string {
  const own = socket.remoteAddress ?? '';
  if (trustedProxies === 0) return plain(own);
  const forwarded = headers['x-forwarded-for'];
  const list = (Array.isArray(forwarded) ? forwarded.join(',') : (forwarded ?? '')).split(',').map((ip) => ip.trim());
  return plain(list.at(-trustedProxies) || list[0] || own);
}

/** IPv4 as such, also where the socket speaks IPv6. */
const plain = (ip: string): string => ip.replace(/^::ffff:(?=\d+\.)/, '');
