import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Backend } from '../backends/backend.ts';
import { ngramBackend } from '../backends/ngram/ngram.ts';
import { openaiBackend } from '../backends/openai.ts';
import { Pool, type PoolState } from '../backends/pool.ts';
import type { Slots } from '../backends/slots.ts';
import type { BackendConfig, Config, ModelConfig } from '../config.ts';
import { reportHealth } from '../generation/health.ts';
import { type RunDeps, run } from '../generation/run.ts';
import { keepSweeping, type SweepDeps } from '../generation/sweep.ts';
import type { Job, Queue } from '../queue/queue.ts';

/** What was written down is kept for 90 days; what is older goes once an hour. */
const auditKeptMs = 90 * 86_400_000;
const pruneMs = 3_600_000;

type WorkerDeps = Omit<RunDeps, 'models'> &
  Pick<SweepDeps, 'known' | 'heardAt'> & { readonly queue: Queue; readonly slots: Slots };

/** What runs generations: the pools of all models, the queue's jobs, and the sweep. */
export function createWorker(config: Config, deps: WorkerDeps, logger: Logger, warn: (error: unknown) => void) {
  const { bus, queue, slots } = deps;
  const health = reportHealth({ bus, node: randomUUID() });
  const models = new Map(
    config.models.map((model) => {
      const report = reportBackends(logger, model.id);
      const onChange = (state: PoolState) => {
        report(state);
        health.changed(model.id, state);
      };
      return [model.id, { ...model, pool: createPool(model, slots, onChange) }];
    }),
  );
  const runDeps = { ...deps, models };
  const capacities = new Map([...models].map(([id, { pool }]) => [id, pool.capacity]));
  const stop = new AbortController();
  let stopJobs = async () => {};
  let stopSweeping = () => {};
  let pruning: NodeJS.Timeout | undefined;
  let started = false;

  return {
    /** Whether one of all backends is up, as this process has found it. */
    hasBackend: () => started && [...models.values()].some(({ pool }) => pool.state().status !== 'OFFLINE'),
    /** Resolves once it runs what comes, and each backend has answered a probe or failed to. */
    async start() {
      const probed = Promise.all([...models.values()].map(({ pool }) => pool.start()));
      stopJobs = await queue.work((job, signal) => run(runDeps, job, signal), capacities);
      // After a round trip to Redis, so that this process hears it too, and its models are up for whoever asks it.
      for (const [id, { pool }] of models) health.add(id, pool);
      const onOrphan = (job: Job) => run(runDeps, job, stop.signal);
      stopSweeping = keepSweeping({ ...deps, onOrphan, onError: warn });
      const prune = () => deps.store.audit.prune(Date.now() - auditKeptMs).catch(warn);
      pruning = setInterval(prune, pruneMs);
      await Promise.all([prune(), probed]);
      started = true;
    },
    async stop() {
      clearInterval(pruning);
      stopSweeping();
      stop.abort(new Error('The worker stops.'));
      await stopJobs();
      health.close();
      await Promise.all([...models.values()].map(({ pool }) => pool.close()));
    },
  };
}

/** Writes to the log what goes wrong with a model's backends, and which are back. */
function reportBackends(logger: Logger, model: string): (state: PoolState) => void {
  const known = new Map<string, PoolState['backends'][number]>();
  return ({ backends }) => {
    for (const backend of backends) {
      const { name, status, lastError } = backend;
      const before = known.get(name) ?? { status: 'ONLINE', lastError: null };
      known.set(name, backend);
      if (lastError !== before.lastError) logger.warn({ model, backend: name, status, lastError }, 'backend failed');
      else if (status !== before.status) logger.info({ model, backend: name, status }, 'backend');
    }
  };
}

function createPool(model: ModelConfig, slots: Slots, onChange: (state: PoolState) => void): Pool {
  const { id: modelId, probeIntervalMs, timeouts, backends } = model;
  const pooled = backends.map((backend) => {
    return { backend: createBackend(backend, timeouts), concurrency: backend.concurrency };
  });
  return new Pool({ modelId, backends: pooled, slots, probeIntervalMs, probeTimeoutMs: timeouts.probeMs, onChange });
}

function createBackend(config: BackendConfig, timeouts: ModelConfig['timeouts']): Backend {
  switch (config.kind) {
    case 'ngram':
      return ngramBackend(config);
    case 'openai':
      return openaiBackend({ ...config, timeouts });
  }
}
