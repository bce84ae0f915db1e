/**
 * How a process answers the bench that started it, over Node's channel between the two. Every process loads it first,
 * the product as it is too: so memory is asked of all in the same way.
 */
import { writeHeapSnapshot } from 'node:v8';

export interface Memory {
  /** What the process has of the machine, in bytes. */
  readonly rss: number;
  /** What is left on V8's heap after a collection, and outside of it for its objects. */
  readonly heap: number;
  readonly external: number;
}

type Give = (asked: never) => unknown;
type Answers = Readonly<Record<string, Give>>;

const answers = new Map<string, PromiseWithResolvers<Give>>();

/** What answers to `name`, once there is something: a server may be asked before it has begun. */
function answerTo(name: string): PromiseWithResolvers<Give> {
  const known = answers.get(name) ?? Promise.withResolvers<Give>();
  answers.set(name, known);
  return known;
}

/** Adds to what this process answers; it stays up until the bench ends it. */
export function answer(more: Answers): void {
  for (const [name, give] of Object.entries(more)) answerTo(name).resolve(give);
  process.channel?.ref();
}

answer({
  memory: (): Memory => {
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, heap: heapUsed, external };
  },
  snapshot: (path: string) => writeHeapSnapshot(path),
});

if (process.send) {
  process.on('message', async ({ id, name, asked }: { id: number; name: string; asked: never }) => {
    try {
      const give = await answerTo(name).promise;
      process.send?.({ id, value: await give(asked) });
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  // A bench that is gone leaves nothing behind.
  process.on('disconnect', () => process.exit(1));
  // The product ends when it has nothing more to do.
  process.channel?.unref();
}
