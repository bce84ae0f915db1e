import { randomUUID } from 'node:crypto';
import type { Bus } from '../bus/bus.ts';

/** How long a generation that is to be cancelled on disconnect waits for a follower to come back. */
const graceMs = 3_000;
/** The last part of that, and the time it takes if need be, in which the other nodes are asked whether it has one there. */
const askMs = 500;
const topic = 'attendance';

interface Attendance {
  followers: number;
  timer: NodeJS.Timeout | undefined;
  /** While the other nodes are asked, and until what comes of it is done. */
  asking: Question | undefined;
}

interface Question {
  /** Whether it has come back to this node, and so has passed the bus. */
  sent: boolean;
}

interface AttendanceMessage {
  readonly type: 'ask' | 'here';
  readonly id: string;
  /** Who says so. */
  readonly node: string;
}

interface AttendancesOptions {
  readonly bus: Bus;
  /** Called once no node has had a follower of it for a while; and again, where it rejects and still nobody came. */
  readonly onAbandoned: (id: string) => Promise<void>;
  readonly onError: (error: unknown, id: string) => void;
  readonly node?: string;
}

/**
 * Knows whether generations that are to be cancelled when their last follower leaves still have one, on any node. Each
 * node counts its own, and when it has none left asks the others. Of two that lose their last ones at the same time and
 * ask each other, the one with the greater name remains responsible. Silence is an answer only where the question
 * passed the bus, and the bus was there for answers.
 */
export class Attendances {
  readonly #byId = new Map<string, Attendance>();
  readonly #options: AttendancesOptions;
  readonly #node: string;
  #closed = false;

  constructor(options: AttendancesOptions) {
    this.#options = options;
    this.#node = options.node ?? randomUUID();
    const hear = (message: unknown) => this.#hear(message as AttendanceMessage | undefined);
    options.bus.subscribe(topic, hear).catch((error) => options.onError(error, ''));
  }

  join(id: string): void {
    if (this.#closed) return;
    const attendance = this.#byId.get(id) ?? { followers: 0, timer: undefined, asking: undefined };
    clearTimeout(attendance.timer);
    attendance.asking = undefined;
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
    attendance.asking = undefined;
    attendance.timer = setTimeout(() => void this.#ask(id, attendance), graceMs - askMs);
  }

  #ask(id: string, attendance: Attendance): void {
    const question = { sent: false };
    attendance.asking = question;
    attendance.timer = setTimeout(() => void this.#conclude(id, attendance, question), askMs);
    this.#say('ask', id);
  }

  /** Nobody has answered. */
  async #conclude(id: string, attendance: Attendance, question: Question): Promise<void> {
    const { onAbandoned, onError } = this.#options;
    const stands = () => attendance.asking === question;
    try {
      const heard = question.sent && (await this.#canHear());
      if (!stands()) return;
      if (!heard) return this.#wait(id, attendance);
      await onAbandoned(id);
      if (stands()) this.#byId.delete(id);
    } catch (error) {
      onError(error, id);
      if (stands()) this.#wait(id, attendance);
    }
  }

  /** Whether messages pass now. Where they do not, the bus says by itself what is wrong. */
  #canHear(): Promise<boolean> {
    return this.#options.bus.check().then(
      () => true,
      () => false,
    );
  }

  #hear(message: AttendanceMessage | undefined): void {
    // Others may not be back yet, and their answers may have been lost: they have the whole time again.
    if (message === undefined) {
      if (this.#closed) return;
      for (const [id, attendance] of this.#byId) if (attendance.followers === 0) this.#wait(id, attendance);
      return;
    }
    const { type, id, node } = message;
    const attendance = this.#byId.get(id);
    if (!attendance) return;
    if (node === this.#node) {
      if (attendance.asking) attendance.asking.sent = true;
    } else if (type === 'ask') {
      if (!attendance.asking || this.#node > node) this.#say('here', id);
    } else if (attendance.asking) {
      clearTimeout(attendance.timer);
      attendance.asking = undefined;
      this.#byId.delete(id);
    }
  }

  #say(type: AttendanceMessage['type'], id: string): void {
    void this.#options.bus.publish(topic, { type, id, node: this.#node } satisfies AttendanceMessage);
  }

  /** From now on nobody's leaving means anything: it is the server that goes. Its followers count until the bus is closed. */
  close(): void {
    this.#closed = true;
    for (const [id, { timer, followers }] of this.#byId) {
      clearTimeout(timer);
      // Its last one had left before: another node that asks is to hear nothing from here.
      if (followers === 0) this.#byId.delete(id);
    }
  }
}
