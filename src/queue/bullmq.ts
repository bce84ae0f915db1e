import { setTimeout as sleep } from 'node:timers/promises';
import { type Job as BullJob, Queue as BullQueue, Worker as BullWorker, WaitingError } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import type { Handler, Job, Queue } from './queue.ts';

export interface BullmqQueueOptions {
  /** Takes commands, which fail at once while Redis is away; shared with others, and closed by who made it. */
  readonly redis: Redis | Cluster;
  /** A new connection for a worker, which waits for Redis to come back. */
  readonly connect: () => Redis | Cluster;
  /** Told of what failed where no caller waits for it. */
  readonly onError: (error: unknown) => void;
  /** Told once of a job that is still at work here and that this worker lost: it was thought dead, or Redis was emptied. */
  readonly onLost: (id: string) => void;
}

/** In braces, so that a cluster keeps all keys of a line together. */
const prefix = '{millrace:queue}';
/**
 * A worker renews its lock on a job every half `lockDuration`; without that the job is another one's after at most
 * `lockDuration` and `stalledInterval`. One that lost its connection tries again after `runRetryDelay`.
 */
const takeover = {
  lockDuration: 1_500,
  stalledInterval: 500,
  maxStalledCount: Number.MAX_SAFE_INTEGER,
  runRetryDelay: 500,
};
/** A job whose handler rejected is given again after this long, as often as it takes. */
const retries = { attempts: Number.MAX_SAFE_INTEGER, backoff: { type: 'fixed', delay: 1_000 }, stackTraceLimit: 1 };
/** A Redis that was away or emptied learns so often how many jobs may run at once. */
const limitMs = 5_000;
/** So long a stop waits for Redis to take back the jobs; otherwise their locks run out. */
const closeMs = 2_000;

/** A queue on Redis, one line for each model, which any number of processes fill and serve. */
export function bullmqQueue({
  redis,
  connect,
  onError,
  onLost,
}: BullmqQueueOptions): Queue & { close(): Promise<void> } {
  const lines = new Map<string, BullQueue<Job>>();

  function lineOf(modelId: string): BullQueue<Job> {
    const known = lines.get(modelId);
    if (known) return known;
    // BullMQ would wait for as long as it takes.
    if (redis.status !== 'ready') throw new Error(`Redis is away: the connection is ${redis.status}.`);
    // The check would be one more command, and a line whose first command fails is broken for good.
    const line = new BullQueue<Job>(nameOf(modelId), { connection: redis, prefix, skipVersionCheck: true });
    line.on('error', onError);
    lines.set(modelId, line);
    return line;
  }

  return {
    async add(job) {
      const { id, modelId } = job;
      await lineOf(modelId).add('run', job, { jobId: id, removeOnComplete: true, removeOnFail: true, ...retries });
    },

    async claim(modelId, ms) {
      return (await redis.set(`${prefix}:claim:${nameOf(modelId)}`, '1', 'PX', ms, 'NX')) === 'OK';
    },

    async remove({ id, modelId }) {
      try {
        // One at work is locked, and stays: its worker learns from the log that it has ended.
        await lineOf(modelId).remove(id);
      } catch (error) {
        onError(error);
      }
    },

    async work(handler, capacities) {
      const stop = new AbortController();
      const setLimits = async () => {
        for (const [modelId, concurrency] of capacities) await lineOf(modelId).setGlobalConcurrency(concurrency);
      };
      await setLimits().catch(onError);
      const limits = setInterval(() => void setLimits().catch(onError), limitMs).unref();
      const workers = [...capacities].map(([modelId, concurrency]) => {
        return serve({ modelId, concurrency, connection: connect(), handler, onError, onLost, signal: stop.signal });
      });
      return async () => {
        clearInterval(limits);
        stop.abort(new Error('The worker stops.'));
        await Promise.all(workers.map((close) => close()));
      };
    },

    async close() {
      await Promise.all([...lines.values()].map((line) => line.close().catch(onError)));
    },
  };
}

interface ServeOptions {
  readonly modelId: string;
  readonly concurrency: number;
  readonly connection: Redis | Cluster;
  readonly handler: Handler;
  readonly onError: (error: unknown) => void;
  readonly onLost: (id: string) => void;
  readonly signal: AbortSignal;
}

/** Gives the jobs of one line to the handler. Returns what ends it, once `signal` is aborted. */
function serve(options: ServeOptions): () => Promise<void> {
  const { modelId, concurrency, connection, handler, onError, onLost, signal } = options;
  const atWork = new Map<string, Promise<void>>();
  const lost = new Set<string>();
  const begin = (job: Job) => {
    lost.delete(job.id);
    const work = handler(job, signal).finally(() => atWork.delete(job.id));
    atWork.set(job.id, work);
    return work;
  };
  const give = async (job: BullJob<Job>, token?: string) => {
    // One that came just after the stop is not begun.
    if (!signal.aborted) {
      // Lost, and given to this very worker again: what works on it here goes on. A second one would supersede the
      // first, whose end would stop the renewal of the second one's lock, and so on.
      await (atWork.get(job.data.id) ?? begin(job.attemptsStarted > 1 ? again(job.data) : job.data));
      if (!signal.aborted) return;
    }
    // It goes back to the front of the line, for another worker.
    await job.moveToWait(token);
    throw new WaitingError();
  };
  const worker = new PatientWorker(nameOf(modelId), give, { connection, prefix, concurrency, ...takeover });
  worker.on('error', (error) => {
    const id = lostJob(error);
    if (id === undefined) return onError(error);
    if (!lost.has(id)) onLost(id);
    lost.add(id);
  });
  return async () => {
    await worker.pause(true);
    await Promise.allSettled(atWork.values());
    const away = connection.status !== 'ready';
    // Its second connection, which it waits for jobs with, would be left waiting for Redis too.
    const closed = worker.close(away).then(() => 'closed' as const, onError);
    const timeUp = new AbortController();
    const outcome = await Promise.race([closed, sleep(closeMs, undefined, timeUp).catch(() => {})]);
    timeUp.abort();
    if (outcome !== 'closed') worker.disconnect().catch(onError);
    connection.disconnect();
  };
}

/** Where Redis refuses to give jobs, BullMQ asks again at once, thousands of times a second. */
class PatientWorker extends BullWorker<Job> {
  protected override async moveToActive(token: string, name?: string) {
    try {
      return await super.moveToActive(token, name);
    } catch (error) {
      await sleep(takeover.runRetryDelay);
      throw error;
    }
  }
}

/** The job that an error says is another one's by now: several come of each, from renewals of its lock and from its end. */
const lostJob = ({ message }: Error): string | undefined => lostLock.exec(message)?.[1];

/** A job as it is given to others than the first. */
const again = ({ id, modelId }: Job): Job => ({ id, modelId });

/** BullMQ has no other sign of it. */
const lostLock = /^(?:could not renew lock|Missing lock|Missing key|Lock mismatch) for job (.+?)(?:\. |$)/;

/** BullMQ allows no colon in names; a model's id may have one. */
const nameOf = (modelId: string): string => Buffer.from(modelId).toString('base64url');
