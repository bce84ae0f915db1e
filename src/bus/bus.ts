/** Pub/Sub between the parts of this process, and between nodes: the fast way, never the truth. */
export interface Bus {
  /** Hands `message` to every listener of `topic`. May be lost, and never rejects for that. `message` is JSON. */
  publish(topic: string, message: unknown): Promise<void>;

  /**
   * Calls `listener` for every message on `topic` that is published after the promise has resolved, in the order of
   * each publisher, and with undefined where messages may have been lost before it. A listener must not throw.
   * Resolves with the function that ends it, once it is subscribed, however long that takes; rejects only where the bus
   * is closed.
   */
  subscribe(topic: string, listener: (message: unknown) => void): Promise<() => void>;

  /** Rejects where messages can't pass now. */
  check(): Promise<void>;

  close(): Promise<void>;
}
