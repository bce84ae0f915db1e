import type { IncomingMessage } from 'node:http';

/**
 * Where a request leads, as its `Host` and its first line say together; undefined where those name no place. A `Host`
 * is a name and a port, and nothing that would move the path.
 */
export function placeOf({ url = '/', headers: { host = 'localhost' } }: IncomingMessage): URL | undefined {
  if (/^$|[/\\?#@]/.test(host)) return undefined;
  const own = URL.parse(url.startsWith('/') ? `http://${host}${url}` : `http://${host}`);
  // Proxies may say the whole of it, and whom they ask is told by that alone.
  return (url.startsWith('/') || !own ? own : URL.parse(url)) ?? undefined;
}
