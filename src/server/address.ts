import type { IncomingMessage } from 'node:http';
import { isIP, isIPv6 } from 'node:net';
import type { Logger } from 'pino';

/**
 * The address that a request comes from. Each of the `trustedProxies` in front of this server added to
 * `X-Forwarded-For` whom it was asked by; what stands before those anybody may have written. What is no address there
 * tells nothing: then it is the socket's.
 */
export function addressOf({ socket, headers }: IncomingMessage, trustedProxies: number): string {
  const own = plain(socket.remoteAddress ?? '');
  if (trustedProxies === 0) return own;
  const forwarded = headers['x-forwarded-for'];
  const list = (Array.isArray(forwarded) ? forwarded.join(',') : (forwarded ?? '')).split(',').map((ip) => ip.trim());
  const told = plain(withoutPort(list.at(-trustedProxies) || list[0] || ''));
  return isIP(told) ? told : own;
}

const unknownProxy =
  'A request came with X-Forwarded-For, and server.trustedProxies is 0: where a proxy stands in front, all its clients count as one address, and one of them can shut out the others. Set it to the number of proxies';

/** Gives `addressOf`, which warns once where there seems to be a proxy that nobody has told of. */
export function addresses(trustedProxies: number, logger: Logger): (request: IncomingMessage) => string {
  let told = trustedProxies > 0;
  return (request) => {
    if (!told && request.headers['x-forwarded-for'] !== undefined) {
      told = true;
      logger.warn(unknownProxy);
    }
    return addressOf(request, trustedProxies);
  };
}

/** Some proxies write `192.0.2.7:5678` or `[2001:db8::1]:443`. */
function withoutPort(written: string): string {
  const [, inBrackets, beforePort] = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/.exec(written) ?? [];
  return inBrackets ?? beforePort ?? written;
}

/** IPv4 as such, also where the socket speaks IPv6, however that is written. */
function plain(ip: string): string {
  if (!isIPv6(ip) || ip.includes('%')) return ip;
  const [, high, low] = /^\[::ffff:([\da-f]+):([\da-f]+)\]$/.exec(new URL(`http://[${ip}]`).hostname) ?? [];
  if (high === undefined || low === undefined) return ip;
  const bytes = [high, low].flatMap((half) => [Number.parseInt(half, 16) >> 8, Number.parseInt(half, 16) & 255]);
  return bytes.join('.');
}
