import type { Config } from './config.ts';

/** Runs the server until it is told to stop. */
export async function serve(_config: Config): Promise<void> {}
