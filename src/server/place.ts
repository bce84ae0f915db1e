import type { IncomingMessage } from 'node:http';

/**
 * Where a request leads, as its `Host` and its first line say together; undefined where those name no place. A `Host`
 * is a name and a port, and nothing that would move the path.
 */
export function placeOf({ url = '/', headers: { host = 'localhost' } }: IncomingMessage): URL | undefined {
  const base = /[/\\?#@]/.test(host) ? null : URL.parse(`http://${host}`);
  if (!base) return undefined;
  // Proxies may say the whole of it, and whom they ask is told by that alone.
  return URL.parse(url.startsWith('/') ? base.origin + url : url) ?? undefined;
}
