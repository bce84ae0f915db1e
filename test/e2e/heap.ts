import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import WebSocket from 'ws';
import type { TestServer } from './server.ts';

/** What a server is to be started with, for its heap to be seen. */
export const visibleHeap = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

/** In MB. */
export interface Memory {
  /** Of its heap and of buffers, once all garbage is collected. */
  readonly used: number;
  /** Of the system's memory, at most so far. */
  readonly peak: number;
}

/** Collects the garbage of a server that was started with `visibleHeap`, and gives what is left, and what it had at most. */
export async function memoryOf(server: TestServer): Promise<Memory> {
  const [, address = ''] = /Debugger listening on (ws:\S+)/.exec(server.output()) ?? [];
  const socket = new WebSocket(address);
  await once(socket, 'open');
  const ask = async (method: string): Promise<Record<string, number>> => {
    socket.send(JSON.stringify({ id: 1, method }));
    for (;;) {
      const [data] = await once(socket, 'message');
      const { id, result } = JSON.parse(String(data));
      if (id === 1) return result;
    }
  };
  await ask('HeapProfiler.collectGarbage');
  const { usedSize = 0, backingStorageSize = 0 } = await ask('Runtime.getHeapUsage');
  socket.terminate();
  const [, kilobytes] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8')) ?? [];
  return { used: (usedSize + backingStorageSize) / 2 ** 20, peak: Number(kilobytes) / 1024 };
}
