import { Answer, follow, type Transport } from './client.ts';
import type { TestServer } from './server.ts';

/** As many failures in a row of one reader, with the server up, are no accident. */
const mostFailures = 20;

/** Readers that come back with their last cursor whenever their connection breaks. */
export class Readers {
  readonly #server: TestServer;
  readonly #answers: Answer[] = [];
  #up: Promise<void> = Promise.resolve();
  #changed = Promise.withResolvers<void>();

  constructor(server: TestServer) {
    this.#server = server;
  }

  /** Reads a generation to its end, over as many connections as it takes. */
  async read(id: string, transport: Transport, answer = new Answer(), after?: string): Promise<Answer> {
    this.#answers.push(answer);
    let cursor = after;
    for (let failures = 0; answer.ends === 0; ) {
      try {
        for await (const { generation } of follow(transport, this.#server.url, id, cursor)) {
          answer.take(generation);
          cursor = generation.cursor;
          failures = 0;
          this.#tell();
        }
        if (answer.ends === 0) throw new Error(`The stream of ${id} was completed before its end.`);
      } catch (error) {
        if (++failures > mostFailures) throw error;
        await this.#up;
      }
    }
    return answer;
  }

  /** Resolves once what the readers have so far satisfies `condition`. */
  async until(condition: (answers: readonly Answer[]) => boolean): Promise<void> {
    while (!condition(this.#answers)) await this.#changed.promise;
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Kills the server and starts it again, after `meanwhile`; gives the text that each reader had when it was gone. */
  async crash(meanwhile: () => Promise<void> = async () => {}): Promise<string[]> {
    const up = Promise.withResolvers<void>();
    this.#up = up.promise;
    await this.#server.kill();
    await meanwhile();
    const seen = this.#answers.map(({ text }) => text);
    await this.#server.restart();
    up.resolve();
    return seen;
  }
}
