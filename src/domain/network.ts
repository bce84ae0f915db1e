import { isIPv6 } from 'node:net';

/**
 * Whom an address is counted as: of IPv6 the first 64 bits, as in `2001:db8:0:1::/64`, since the rest is whatever its
 * holder likes.
 */
export function networkOf(ip: string): string {
  const [address = ''] = ip.split('%');
  if (!isIPv6(address)) return ip;
  // Written in the one short form, without dots.
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const [groups, rest] = [left, right ?? ''].map((half) => half.split(':').filter(Boolean)) as [string[], string[]];
  const zeros = Array<string>(8 - groups.length - rest.length).fill('0');
  return `${[...groups, ...zeros, ...rest].slice(0, 4).join(':')}::/64`;
}
