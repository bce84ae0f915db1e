import { randomUUID } from 'node:crypto';
import type { Bus } from '../bus/bus.ts';

/** How long a generation that is to be cancelled on disconnect waits for a follower to come back. */
const graceMs = 3_000;
/** The last part of that, in which the other nodes are asked whether it has one there. */
const askMs = 500;
const topic = 'attendance';

interface Attendance {
  followers: number;
  timer: NodeJS.Timeout | undefined;
  asking: boolean;
}

interface AttendanceMessage {
  readonly type: 'ask' | 'here';
  readonly id: string;
  /** Who says so. */
  readonly node: string;
}

interface AttendancesOptions {
  readonly bus: Bus;
  /** Called once no node has had a follower of it for a while. */
  readonly onAbandoned: (id: string) => void;
  readonly onError: (error: unknown) => void;
  readonly node?: string;
}

/**
 * Knows whether generations that are to be cancelled when their last follower leaves still have one, on any node. Each
 * node counts its own, and when it has none left asks the others. Of two that lose their last ones at the same time and
 * ask each other, the one with the greater name remains responsible.
 */
export class Attendances {
  readonly #byId = new Map<string, Attendance>();
  readonly #options: AttendancesOptions;
  readonly #node: string;
  #closed = false;

  constructor(options: AttendancesOptions) {
    this.#options = options;
    this.#node = options.node ?? randomUUID();
    options.bus.subscribe(topic, (message) => this.#hear(message as AttendanceMessage)).catch(options.onError);
  }

  join(id: string): void {
    if (this.#closed) return;
    const attendance = this.#byId.get(id) ?? { followers: 0, timer: undefined, asking: false };
    clearTimeout(attendance.timer);
    attendance.asking = false;
    attendance.followers++;
    this.#byId.set(id, attendance);
  }

  leave(id: string): void {
    const attendance = this.#byId.get(id);
    if (this.#closed || !attendance || --attendance.followers > 0) return;
    this.#wait(id, attendance);
  }

  #wait(id: string, attendance: Attendance): void {
    clearTimeout(attendance.timer);
    attendance.asking = false;
    attendance.timer = setTimeout(() => this.#ask(id, attendance), graceMs - askMs);
  }

  #ask(id: string, attendance: Attendance): void {
    attendance.asking = true;
    attendance.timer = setTimeout(() => {
      this.#byId.delete(id);
      this.#options.onAbandoned(id);
    }, askMs);
    this.#say('ask', id);
  }

  #hear(message: AttendanceMessage | undefined): void {
    // An answer may have been lost: ask again.
    if (message === undefined) {
      for (const [id, attendance] of this.#byId) if (attendance.asking) this.#wait(id, attendance);
      return;
    }
    const { type, id, node } = message;
    const attendance = this.#byId.get(id);
    if (node === this.#node || !attendance) return;
    if (type === 'ask') {
      if (!attendance.asking || this.#node > node) this.#say('here', id);
    } else if (attendance.asking) {
      clearTimeout(attendance.timer);
      this.#byId.delete(id);
    }
  }

  #say(type: AttendanceMessage['type'], id: string): void {
    const { bus, onError } = this.#options;
    bus.publish(topic, { type, id, node: this.#node } satisfies AttendanceMessage).catch(onError);
  }

  /** From now on nobody's leaving means anything: it is the server that goes. Its followers count until the bus is closed. */
  close(): void {
    this.#closed = true;
    for (const attendance of this.#byId.values()) {
      clearTimeout(attendance.timer);
      attendance.asking = false;
    }
  }
}
