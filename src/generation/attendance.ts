/** How long a generation that is to be cancelled on disconnect waits for a follower to come back. */
const graceMs = 3_000;

interface Attendance {
  followers: number;
  timer: NodeJS.Timeout | undefined;
}

/** Counts the followers in this process of generations that are to be cancelled when the last one leaves. */
export class Attendances {
  readonly #byId = new Map<string, Attendance>();
  readonly #onAbandoned: (id: string) => void;
  #closed = false;

  constructor(onAbandoned: (id: string) => void) {
    this.#onAbandoned = onAbandoned;
  }

  join(id: string): void {
    if (this.#closed) return;
    const attendance = this.#byId.get(id) ?? { followers: 0, timer: undefined };
    clearTimeout(attendance.timer);
    attendance.followers++;
    this.#byId.set(id, attendance);
  }

  leave(id: string): void {
    const attendance = this.#byId.get(id);
    if (!attendance || --attendance.followers > 0) return;
    attendance.timer = setTimeout(() => {
      this.#byId.delete(id);
      this.#onAbandoned(id);
    }, graceMs);
  }

  /** From now on nobody's leaving means anything: it is the server that goes. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#byId.values()) clearTimeout(timer);
    this.#byId.clear();
  }
}
