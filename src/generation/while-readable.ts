import type { Bus } from '../bus/bus.ts';
import type { Viewer } from '../domain/conversation.ts';
import { heeding } from '../domain/heeding.ts';
import { type Waiter, waiting } from '../domain/polled.ts';
import { type SharingChange, sharingTopic } from './changes.ts';
import { type Readables, readableGeneration } from './find.ts';
import type { Following } from './generation.ts';

interface WhileReadableDeps {
  readonly bus: Bus;
  readonly readables: Readables;
}

/**
 * A follower for a viewer who reads by a share: it looks again whenever the sharing of the generation or of its
 * conversation changes, and where the viewer may read it no more, `poll` throws `NOT_FOUND`.
 */
export function whileReadable({ bus, readables }: WhileReadableDeps, viewer: Viewer, following: Following): Following {
  const { generation } = following;
  let subscribed: Promise<() => void> | undefined;
  const closed = new AbortController();
  let broken: { readonly error: unknown } | undefined;
  let opened = false;
  let woken: Waiter | undefined;

  async function look(): Promise<void> {
    try {
      await readableGeneration(readables, viewer, generation.id);
    } catch (error) {
      broken ??= { error };
      following.close();
    }
  }

  async function open(): Promise<void> {
    subscribed = bus.subscribe(sharingTopic, (change) => {
      const id = (change as SharingChange | undefined)?.id;
      if (id === undefined || id === generation.id || id === generation.conversationId) void look();
    });
    try {
      await heeding(closed.signal, subscribed);
      // What changed before it listened was told to nobody.
      await look();
    } catch (error) {
      if (!closed.signal.aborted) broken ??= { error };
    }
    opened = true;
  }

  return {
    generation,
    poll(waiter) {
      if (broken) throw broken.error;
      if (opened) return following.poll(waiter);
      if (!subscribed) void open().then(() => woken?.wake());
      woken = waiter;
      return waiting;
    },
    close() {
      closed.abort();
      following.close();
      // Where it could not be subscribed, `poll` has said so.
      subscribed?.then((end) => end()).catch(() => {});
    },
  };
}
