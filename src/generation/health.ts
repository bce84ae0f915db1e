import type { PoolState } from '../backends/pool.ts';
import type { Bus } from '../bus/bus.ts';

/** Where processes with backends tell all others how those do. */
export const healthTopic = 'health';

/** What a process says of one model, every second and after every change. */
export interface HealthReport {
  /** Which process says so. */
  readonly node: string;
  readonly modelId: string;
  /** Null when it leaves. */
  readonly state: PoolState | null;
}

/** What nobody has confirmed for this long is not believed any more. */
export const reportLifeMs = 3_000;
const reportMs = 1_000;

/** Reports the states of this process's pools. Returns what reports one at once, and what ends it all. */
export function reportHealth({ bus, node }: { bus: Bus; node: string }) {
  const pools = new Map<string, { state(): PoolState }>();
  let closed = false;
  const tell = (modelId: string, state: PoolState | null) => {
    if (closed) return;
    const report: HealthReport = { node, modelId, state };
    void bus.publish(healthTopic, report);
  };
  const timer = setInterval(() => {
    for (const [modelId, pool] of pools) tell(modelId, pool.state());
  }, reportMs).unref();

  return {
    add(modelId: string, pool: { state(): PoolState }) {
      pools.set(modelId, pool);
      tell(modelId, pool.state());
    },
    changed: (modelId: string, state: PoolState) => tell(modelId, state),
    close() {
      clearInterval(timer);
      for (const modelId of pools.keys()) tell(modelId, null);
      closed = true;
    },
  };
}

/** What several processes say of one model, as one state. */
export function mergeStates(names: readonly PoolState['backends'][number][], states: readonly PoolState[]): PoolState {
  const backends = names.map((known) => {
    const said = states.flatMap((state) => state.backends.filter(({ name }) => name === known.name));
    const status = said.some((backend) => backend.status === 'ONLINE') ? ('ONLINE' as const) : ('OFFLINE' as const);
    const running = said.reduce((sum, backend) => sum + backend.running, 0);
    const [lastError = null] = said
      .flatMap((backend) => backend.lastError ?? [])
      .sort()
      .reverse();
    return { ...known, status, running, lastError };
  });
  const up = backends.filter(({ status }) => status === 'ONLINE').length;
  const since = states.flatMap(({ onlineSince }) => onlineSince ?? []);
  return {
    status: up === 0 ? 'OFFLINE' : up < backends.length ? 'DEGRADED' : 'ONLINE',
    onlineSince: up > 0 && since.length > 0 ? Math.min(...since) : null,
    backends,
  };
}
