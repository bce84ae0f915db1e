/** Which pages may talk to this server, and by which of its names. */
export interface OriginRules {
  /** Whether a request's `Host` leads here rightly. */
  allowsHost(host: string | undefined): boolean;
  /**
   * Whether a page from `origin` may talk to this server, which it knows as `host`. Where there is no origin it is no
   * page: programs are not held back by it.
   */
  allowsOrigin(origin: string | null | undefined, host: string | null | undefined): boolean;
}

interface OriginOptions {
  /** Pages of others that are let in. */
  readonly origins: readonly string[];
  /**
   * Whether it is for this machine alone, since nobody is asked who they are. A page can have its own name lead here,
   * and would then read what it likes: so no name but loopback's is taken.
   */
  readonly loopbackOnly: boolean;
}

/** Lets in the pages that the server serves itself, those of `origins`, and, on loopback, pages from this machine. */
export function originRules({ origins, loopbackOnly }: OriginOptions): OriginRules {
  const listed = new Set(origins);
  return {
    allowsHost: (host) => !loopbackOnly || isLoopback(host),
    allowsOrigin(origin, host) {
      if (origin == null) return true;
      if (listed.has(origin)) return true;
      if (host == null) return false;
      const own = origin === `http://${host}` || origin === `https://${host}`;
      return own || (isLoopback(host) && isLoopback(origin.replace(/^https?:\/\//, '')));
    },
  };
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

/** Whether a `Host` header names this machine by one of its loopback names. */
const isLoopback = (host: string | undefined): boolean => host !== undefined && loopback.test(host);
