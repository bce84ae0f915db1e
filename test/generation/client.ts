import type { Position } from '../../src/domain/cursor.ts';
import type { Generation } from '../../src/domain/generation.ts';
import { isEnd, type LogEvent } from '../../src/domain/merge.ts';
import { nextOf } from '../../src/domain/polled.ts';
import { type FollowDeps, Follower } from '../../src/generation/follow.ts';

/** What a client keeps between two connections. */
export interface Kept {
  readonly text: string;
  readonly position: Position | undefined;
}

/** A client by the stream contract: the two lines, and the last cursor. */
export class Client {
  text: string;
  position: Position | undefined;
  ends = 0;
  events = 0;
  #follower: Follower | undefined;

  constructor({ text, position }: Kept = { text: '', position: undefined }) {
    this.text = text;
    this.position = position;
  }

  connect(deps: FollowDeps, row: Generation): Follower {
    this.#follower = new Follower(deps, row, this.position);
    return this.#follower;
  }

  async #next(): Promise<LogEvent | undefined> {
    return this.#follower && nextOf(this.#follower);
  }

  take(event: LogEvent): void {
    const { entry, position } = event;
    if (this.ends > 0) throw new Error(`${entry.type} came after the end`);
    if (entry.type === 'attemptStarted') this.text = this.text.slice(0, entry.keptLength);
    if (entry.type === 'textAppended') this.text = this.text.slice(0, entry.position) + entry.text;
    if (isEnd(event)) this.ends++;
    this.position = position;
    this.events++;
  }

  /** Reads to the end, and gives how many events that were. */
  async readOn(): Promise<number> {
    const before = this.events;
    for (let event = await this.#next(); event; event = await this.#next()) this.take(event);
    this.#follower?.close();
    return this.events - before;
  }
}
