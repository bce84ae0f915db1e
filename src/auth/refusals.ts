import { type AuditEvent, auditEvent } from '../domain/audit.ts';
import { networkOf } from '../domain/network.ts';
import type { OnRefusal } from './ways.ts';

const windowMs = 60_000;
/** Of one address in one minute so many are written one by one; the rest as one row, with its number. */
const rowsPerAddress = 5;
/** So many addresses are told apart in one minute; whatever comes from others is one row. */
const addressesAtMost = 5;
/** A token's kind and fate is all that a reason tells; it is our own text, and no longer than this. */
const reasonLength = 200;

interface RefusalsDeps {
  readonly add: (event: AuditEvent) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/**
 * Writes refusals down. Whoever can reach the server can be refused as often as they like, so what is written is bounded:
 * in one process and minute at most 5 rows and a sum for each of 5 addresses, and a sum for all others.
 */
export function refusals({ add, onError }: RefusalsDeps): { note: OnRefusal; close(): void } {
  const counts = new Map<string | null, number>();
  let timer: NodeJS.Timeout | undefined;

  const write = (ip: string | null, detail: AuditEvent['detail']) => {
    // Nobody waits for it: a refusal is answered whether or not it could be written down.
    add(auditEvent('SIGN_IN_FAILED', { ip, detail })).catch(onError);
  };

  function sumUp(): void {
    timer = undefined;
    for (const [ip, count] of counts) {
      const more = ip === null ? count : count - rowsPerAddress;
      if (more > 0) write(ip, { reason: 'and so many more in this minute', count: more });
    }
    counts.clear();
  }

  return {
    note({ ip, reason }) {
      timer ??= setTimeout(sumUp, windowMs).unref();
      const network = networkOf(ip);
      const place = counts.has(network) || counts.size < addressesAtMost ? network : null;
      const count = (counts.get(place) ?? 0) + 1;
      counts.set(place, count);
      if (place !== null && count <= rowsPerAddress) write(ip, { reason: reason.slice(0, reasonLength) });
    },
    close() {
      clearTimeout(timer);
      sumUp();
    },
  };
}
