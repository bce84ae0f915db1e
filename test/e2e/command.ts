import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { TestServer } from './server.ts';

const bin = new URL('../../bin/millrace.js', import.meta.url).pathname;

/** The command, on what a server runs on; what it printed to stdout. */
export async function millrace({ folder, env }: TestServer, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [bin, ...args], { cwd: folder, env });
  return stdout.trim();
}

/** The id of an API key, as its token has it. */
export const keyId = (token: string): string => /key_[0-9a-z]{26}/.exec(token)?.[0] ?? '';
