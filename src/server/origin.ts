const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

/** Whether a `Host` header names this machine by one of its loopback names. */
export const isLoopback = (host: string | undefined): boolean => host !== undefined && loopback.test(host);

/**
 * Whether a page from `origin` may talk to this server, which it knows as `host`: pages that it serves itself, and
 * pages from this machine. Where there is no origin it is no page: programs are not held back by it.
 */
export function isAllowedOrigin(origin: string | null | undefined, host: string | null | undefined): boolean {
  if (origin == null) return true;
  return (
    isLoopback(origin.replace(/^https?:\/\//, '')) ||
    (host != null && (origin === `http://${host}` || origin === `https://${host}`))
  );
}
