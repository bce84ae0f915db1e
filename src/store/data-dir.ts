import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface DataDir {
  /** The absolute path of a file in it. */
  file(name: string): string;
  release(): void;
}

/**
 * Makes the folder where it is missing, and claims it for this process until `release` or the process's end, however
 * it ends: the claim is an open transaction on a file, which the system itself lets go of.
 *
 * @throws Error where another process has it, or it can't be made or written.
 */
export function claimDataDir(path: string): DataDir {
  const file = makeDataDir(path);
  const claim = new DatabaseSync(file('lock'), { timeout: 0 });
  const pidFile = file('pid');
  try {
    claim.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    claim.close();
    const holder = readPid(pidFile);
    const message = `${path} is in use by another Millrace${holder}. Stop that one, or set MILLRACE_DATA_DIR to another folder.`;
    throw new Error(message, { cause });
  }
  writeFileSync(pidFile, `${process.pid}\n`);
  return { file, release: () => claim.close() };
}

/** Makes the folder where it is missing, and claims nothing. Gives the path of a file in it. */
export function makeDataDir(path: string): DataDir['file'] {
  // What is in it is for nobody else's eyes: prompts and answers.
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return (name) => join(path, name);
}

function readPid(file: string): string {
  try {
    return ` (process ${readFileSync(file, 'utf8').trim()})`;
  } catch {
    // It has only just claimed the folder: the message does without.
    return '';
  }
}
