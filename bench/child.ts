import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Memory } from './answers.ts';

/** A process has this long to end by itself, in ms. */
const stopMs = 5_000;
/** What /proc counts CPU in: USER_HZ, 100 a second on every Linux. */
const tickMs = 10;

const answers = new URL('./answers.ts', import.meta.url).href;
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface ChildOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Beside those that every process is started with. */
  readonly nodeOptions?: readonly string[];
  /** A command that does something, and then becomes the one that its last arguments are. */
  readonly through?: readonly [command: string, ...args: string[]];
}

/** A server or a client of a bench: a process of its own, that does not outlive the bench. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #asked = 0;
  #output = '';

  /** @param file relative to bench/, or a whole path */
  constructor(file: string, { args = [], env = process.env, cwd, nodeOptions = [], through }: ChildOptions = {}) {
    const [execPath = process.execPath, ...before] = through ? [...through, process.execPath] : [];
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
      env: { ...env, NODE_ENV: 'production' },
      ...(cwd !== undefined && { cwd }),
      execPath,
      execArgv: [...before, '--expose-gc', '--import', answers, ...nodeOptions],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    running.add(this.#process);
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    this.#process.on('message', ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(`${file}: ${error}`));
    });
    this.#process.once('exit', (code, signal) => {
      running.delete(this.#process);
      const error = new Error(`${file} ended with ${signal ?? code}:\n${this.#output}`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** What it has taken of the processors since it began, all its threads together: user and system time, in ms. */
  get cpuMs(): number {
    // The name, in brackets, may have spaces; utime and stime are the 14th and 15th field.
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  }

  /** What it has of the machine now, in bytes. */
  get rss(): number {
    const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  }

  /** After a collection. */
  memory(): Promise<Memory> {
    return this.ask('memory');
  }

  /** Has the process do something that it has an answer to. @throws Error with what it said where that failed */
  ask<Answer = void>(name: string, asked?: unknown): Promise<Answer> {
    const waiting = Promise.withResolvers<unknown>();
    if (!running.has(this.#process)) return Promise.reject(new Error(`It has ended:\n${this.#output}`));
    const id = ++this.#asked;
    this.#waiting.set(id, waiting);
    this.#process.send({ id, name, asked });
    return waiting.promise as Promise<Answer>;
  }

  /** Resolves with what the output has that matches. @throws Error where it ends before */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this.#output);
        if (match) resolve(match);
      };
      this.#process.stdout?.on('data', look);
      this.#process.once('exit', () => reject(new Error(`It ended too early:\n${this.#output}`)));
      look();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!running.has(this.#process)) return;
    const exit = once(this.#process, 'exit');
    const deadline = setTimeout(() => this.#process.kill('SIGKILL'), stopMs);
    this.#process.kill('SIGTERM');
    await exit;
    clearTimeout(deadline);
  }
}
