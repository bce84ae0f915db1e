import { type Job as BullJob, Queue as BullQueue, Worker as BullWorker, WaitingError } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import type { Handler, Job, Queue } from './queue.ts';

export interface BullmqQueueOptions {
  /** A new connection for commands, which fail at once while Redis is away. */
  readonly connect: () => Redis | Cluster;
  /** A new connection for workers, which wait for Redis to come back. */
  readonly connectPatiently: () => Redis | Cluster;
  /** Told of what failed where no caller waits for it. */
  readonly onError: (error: unknown) => void;
}

/** In braces, so that a cluster keeps all keys of a line together. */
const prefix = '{millrace:queue}';
/**
 * A worker renews its lock on a job every half `lockDuration`; without that the job is another one's after at most
 * `lockDuration` and `stalledInterval`.
 */
const takeover = { lockDuration: 1_500, stalledInterval: 500, maxStalledCount: Number.MAX_SAFE_INTEGER };
/** A job whose handler rejected is given again after this long, as often as it takes. */
const again = { attempts: Number.MAX_SAFE_INTEGER, backoff: { type: 'fixed', delay: 1_000 } };

/** A queue on Redis, one line for each model, which any number of processes fill and serve. */
export function bullmqQueue({
  connect,
  connectPatiently,
  onError,
}: BullmqQueueOptions): Queue & { close(): Promise<void> } {
  const lines = new Map<string, BullQueue<Job>>();
  let commands: Redis | Cluster | undefined;

  function lineOf(modelId: string): BullQueue<Job> {
    const known = lines.get(modelId);
    if (known) return known;
    commands ??= connect();
    const line = new BullQueue<Job>(nameOf(modelId), { connection: commands, prefix });
    line.on('error', onError);
    lines.set(modelId, line);
    return line;
  }

  return {
    async add(job) {
      const { id, modelId } = job;
      await lineOf(modelId).add('run', job, { jobId: id, removeOnComplete: true, removeOnFail: true, ...again });
    },

    async remove({ id, modelId }) {
      // One at work is locked, and stays: its worker learns from the log that it has ended.
      await lineOf(modelId).remove(id).catch(onError);
    },

    async work(handler, capacities) {
      const stop = new AbortController();
      const workers = await Promise.all(
        [...capacities].map(async ([modelId, concurrency]) => {
          await lineOf(modelId).setGlobalConcurrency(concurrency);
          const process = (job: BullJob<Job>, token?: string) => give(job, token, handler, stop.signal);
          const connection = connectPatiently();
          const worker = new BullWorker<Job>(nameOf(modelId), process, {
            connection,
            prefix,
            concurrency,
            ...takeover,
          });
          worker.on('error', onError);
          return { worker, connection };
        }),
      );
      return async () => {
        stop.abort(new Error('The worker stops.'));
        await Promise.all(
          workers.map(async ({ worker, connection }) => {
            await worker.close();
            connection.disconnect();
          }),
        );
      };
    },

    async close() {
      await Promise.all([...lines.values()].map((line) => line.close()));
      commands?.disconnect();
    },
  };
}

/** Hands one job to the handler. One that was interrupted goes back to the front of the line, for another worker. */
async function give(
  job: BullJob<Job>,
  token: string | undefined,
  handler: Handler,
  signal: AbortSignal,
): Promise<void> {
  await handler(job.data, signal);
  if (!signal.aborted) return;
  await job.moveToWait(token);
  throw new WaitingError();
}

/** BullMQ allows no colon in names; a model's id may have one. */
const nameOf = (modelId: string): string => Buffer.from(modelId).toString('base64url');
