import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Job, Queue } from '../../src/queue/queue.ts';
import { ScriptedWorker } from '../queue/scripted-worker.ts';

export interface OpenQueue {
  readonly queue: Queue;
  close(): Promise<void>;
}

/** What every Queue promises. `open` gives an empty one; `close` lets go of it and of its data. */
export function queueContract(name: string, open: () => Promise<OpenQueue>): void {
  describe(name, () => {
    let opened: OpenQueue;
    let queue: Queue;
    beforeEach(async () => {
      opened = await open();
      queue = opened.queue;
    });
    afterEach(() => opened.close());

    const job = (id: string, modelId = 'whale'): Job => ({ id, modelId });
    const add = async (...ids: string[]) => {
      for (const id of ids) await queue.add(job(id));
    };

    test('gives jobs in the order they were added, before or after the work began', async () => {
      const { worker } = useWorker();
      await add('a', 'b');
      await worker.start(1);
      await add('c');
      for (const id of ['a', 'b', 'c']) await worker.finish(id);
      expect(worker.started).toEqual(['a', 'b', 'c']);
      await worker.stop();
    });

    test('runs at most so many of a model at once, and each model by itself', async () => {
      const { worker } = useWorker();
      await worker.start(2);
      await add('a', 'b', 'c', 'd');
      await queue.add(job('x', 'squid'));
      await worker.running('a', 'b', 'x');
      expect(worker.atWork().sort()).toEqual(['a', 'b', 'x']);
      await worker.finish('b');
      await worker.running('c');
      expect(worker.atWork().sort()).toEqual(['a', 'c', 'x']);
      for (const id of ['a', 'c', 'd', 'x']) await worker.finish(id);
      expect(worker.most).toBe(3);
      await worker.stop();
    });

    test('takes a job once while it is in line or at work, and again afterwards', async () => {
      const { worker } = useWorker();
      await worker.start(1);
      await add('a', 'b', 'b', 'a', 'b');
      await worker.finish('a');
      // One works at a time: with the next at work, the one before is over.
      await worker.running('b');
      await add('a', 'c');
      await worker.finish('b');
      await worker.finish('a');
      await worker.finish('c');
      expect(worker.started).toEqual(['a', 'b', 'a', 'c']);
      await worker.stop();
    });

    test('a job that is removed does not run, unless it does already', async () => {
      const { worker } = useWorker();
      await worker.start(1);
      await add('a', 'b', 'c');
      await worker.running('a');
      await queue.remove(job('a'));
      await queue.remove(job('b'));
      await queue.remove(job('unknown', 'unknown'));
      expect(worker.atWork()).toEqual(['a']);
      await worker.finish('a');
      await worker.finish('c');
      expect(worker.started).toEqual(['a', 'c']);
      await worker.stop();
    });

    test('gives a job again whose handler rejected, and others meanwhile', async () => {
      const { worker } = useWorker();
      await worker.start(1);
      await add('a', 'b');
      await worker.fail('a');
      await worker.finish('b');
      await worker.fail('a');
      await worker.finish('a');
      expect(worker.started).toEqual(['a', 'b', 'a', 'a']);
      await worker.stop();
    });

    test('tells the name of the log to whom it gives the job first, and to nobody else', async () => {
      const { worker } = useWorker();
      await worker.start(1);
      await queue.add({ ...job('a'), epoch: 'known' });
      await worker.fail('a');
      await worker.until(() => worker.epochs.length === 2);
      await worker.finish('a');
      expect(worker.epochs).toEqual(['known', undefined]);
      await worker.stop();
    });

    test('stopping aborts those at work, waits for them, and starts nothing more', async () => {
      const { worker } = useWorker();
      await worker.start(2);
      await add('a', 'b', 'c');
      await worker.running('a', 'b');
      let stopped = false;
      const stopping = worker.stop().then(() => {
        stopped = true;
      });
      expect(worker.aborted('a') && worker.aborted('b')).toBe(true);
      await worker.finish('a');
      expect(stopped).toBe(false);
      await worker.finish('b');
      await stopping;
      expect(worker.started).toEqual(['a', 'b']);
    });

    test('what was in line at a stop is there for the next to work', async () => {
      const [first, second] = [useWorker().worker, useWorker().worker];
      await first.start(1);
      await add('a', 'b');
      await first.running('a');
      const stopping = first.stop();
      await first.finish('a');
      await stopping;
      await second.start(2);
      await second.running('b');
      // Stopping what has stopped stops nobody else.
      await first.stop();
      expect(second.aborted('b')).toBe(false);
      // A queue that is shared has given it `a` too.
      const secondStopping = second.stop();
      for (const id of second.atWork()) await second.finish(id);
      await secondStopping;
    });

    function useWorker() {
      return { worker: new ScriptedWorker(() => queue) };
    }
  });
}
