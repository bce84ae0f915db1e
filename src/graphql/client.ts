import type { Authenticator, Session } from '../auth/auth.ts';
import { MillraceError } from '../domain/errors.ts';

/** Whoever uses the pipeline: over HTTP for one request, over a WebSocket for as long as that is open. */
export class Client {
  /** Where it is. */
  readonly ip: string;
  readonly #auth: Authenticator;
  readonly #onEnd = new Set<() => void>();
  #token: string | undefined;
  #session: Session;
  #unwatch: (() => void) | undefined;

  private constructor(auth: Authenticator, ip: string, token: string | undefined, session: Session) {
    this.#auth = auth;
    this.ip = ip;
    this.#token = token;
    this.#session = session;
  }

  /** Lets a client in. @throws MillraceError as `Authenticator.authenticate` does */
  static async enter(auth: Authenticator, ip: string, token: string | undefined): Promise<Client> {
    return new Client(auth, ip, token, await auth.authenticate({ ip, token }));
  }

  get session(): Session {
    return this.#session;
  }

  /** Makes sure that it is still who it was, before each operation on an open socket. */
  async confirm(): Promise<void> {
    this.#session = await this.#auth.authenticate({ ip: this.ip, token: this.#token, again: true });
  }

  /** Goes on with another token, streams and all. @throws MillraceError; the old one then still holds, for as long as it does */
  async renew(token: string | undefined): Promise<void> {
    const session = await this.#auth.authenticate({ ip: this.ip, token });
    const [old, renewed] = [this.#session.viewer, session.viewer];
    if (renewed.id !== old.id)
      throw new MillraceError('FORBIDDEN', 'This token is somebody else’s: open another connection with it.');
    // Open streams were let begin by what the old one allows, and are not asked again.
    if (renewed.role !== old.role || renewed.only !== old.only)
      throw new MillraceError('FORBIDDEN', 'This token allows something else: open another connection with it.');
    this.#token = token;
    this.#session = session;
    if (!this.#unwatch) return;
    this.#unwatch();
    this.#watch();
  }

  /** Calls `listener` once when its session ends. Gives what takes the listener away. */
  onEnd(listener: () => void): () => void {
    this.#onEnd.add(listener);
    if (!this.#unwatch) this.#watch();
    return () => {
      this.#onEnd.delete(listener);
      if (this.#onEnd.size > 0) return;
      this.#unwatch?.();
      this.#unwatch = undefined;
    };
  }

  #watch(): void {
    this.#unwatch = this.#auth.watch(this.#session, () => {
      const listeners = [...this.#onEnd];
      this.#onEnd.clear();
      for (const listener of listeners) listener();
    });
  }
}
