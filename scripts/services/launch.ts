import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';

export interface LaunchOptions {
  /** What it prints once it can be used. */
  readonly ready: RegExp;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly uid?: number;
  readonly gid?: number;
  /** Keeps what it prints, for people; appended to. */
  readonly logFile?: string;
  /** Ends it where it is aborted before the program can be used. */
  readonly signal?: AbortSignal;
  /** In a process group of its own, so that Ctrl-C at the terminal is not for it. */
  readonly detached?: boolean;
}

export interface Launched {
  readonly pid: number;
  /** How it ended, as in `exit code 1` or `SIGKILL`, once it has. */
  readonly ended: Promise<string>;
  /** Sends it a signal; resolves once it is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
}

const keptOutput = 20_000;
/** A program that can't be used by then is ended: Postgres may recover for long, and nothing here takes half of that. */
const readyMs = 60_000;

/** Starts a program and waits until it can be used. @throws Error with what it printed where it ends, or is ended, before. */
export async function launch(
  command: string,
  args: readonly string[],
  { ready, logFile, signal, ...settings }: LaunchOptions,
): Promise<Launched> {
  const child = spawn(command, args, { ...settings, stdio: ['ignore', 'pipe', 'pipe'] });
  const log = logFile === undefined ? undefined : createWriteStream(logFile, { flags: 'a' });
  const late = AbortSignal.timeout(readyMs);
  const given = AbortSignal.any([late, ...(signal ? [signal] : [])]);
  const giveUp = () => void child.kill('SIGKILL');
  given.addEventListener('abort', giveUp);
  if (given.aborted) giveUp();
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const read = (text: string) => {
      output = (output + text).slice(-keptOutput);
      log?.write(text);
      if (ready.test(output)) resolve();
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.once('error', reject);
    child.once('close', () => {
      log?.end();
      const waited = late.aborted ? ` after ${readyMs / 1_000} s of waiting for it` : '';
      reject(new Error(`${command} ended by ${howItEnded(child)}${waited}:\n${output}`));
    });
  }).finally(() => given.removeEventListener('abort', giveUp));
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  child.once('exit', () => resolve(howItEnded(child)));
  if (isGone(child)) resolve(howItEnded(child));
  return {
    pid: child.pid ?? 0,
    ended,
    async end(signal) {
      if (!isGone(child)) child.kill(signal);
      await ended;
    },
  };
}

const isGone = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;
const howItEnded = ({ exitCode, signalCode }: ChildProcess): string => signalCode ?? `exit code ${exitCode}`;
