import { readFileSync } from 'node:fs';

/** @throws Error that says what to do where a process here can't have `count` files open, sockets among them. */
export function needFiles(count: number): void {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const soft = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  if (soft < count)
    throw new Error(`This needs ${count} open files for each process, and ${soft} are allowed: ulimit -n ${count}`);
}
