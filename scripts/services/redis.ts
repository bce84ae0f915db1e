import { type Launched, type LaunchOptions, launch } from './launch.ts';

export interface RedisOptions extends Omit<LaunchOptions, 'ready'> {
  /** Where it keeps its append-only file. */
  readonly folder: string;
  readonly port: number;
  readonly args?: readonly string[];
}

/** A Redis on loopback that keeps all it was told in an append-only file. SIGTERM ends it in order. */
export function launchRedis({ folder, port, args = [], ...settings }: RedisOptions): Promise<Launched> {
  const place = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder];
  const ready = /Ready to accept connections/;
  return launch('redis-server', [...place, '--save', '', '--appendonly', 'yes', ...args], { ...settings, ready });
}
