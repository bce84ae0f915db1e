import { expect } from 'vitest';
import { GenerateDocument, GenerationDocument } from '../../src/client/generated/operations.ts';
import { below } from '../random.ts';
import { ask } from './client.ts';
import type { Cluster } from './cluster.ts';
import { type Account, Crowd } from './crowd.ts';

const generations = 20;
const subscribers = 100;
const maxTokens = 400;
/** No fault is more than two in a row to one generation; one more is the machine's, where it is slow. */
const mostAttempts = 4;
const usage = { promptTokens: 2, completionTokens: maxTokens };

/** The models of the trials: `moby` and `slow` write as fast as people read, `fast` as fast as it goes; `alone` is one at a time. */
export const yaml = `
models:
  - { id: moby, backends: [{ kind: ngram, tokensPerSecond: 40 }] }
  - { id: slow, backends: [{ kind: ngram, tokensPerSecond: 16 }] }
  - { id: alone, backends: [{ kind: ngram, tokensPerSecond: 40, concurrency: 1 }] }
  - { id: fast, backends: [{ kind: ngram, tokensPerSecond: 0 }] }
`;

export interface TrialOptions {
  readonly name: string;
  readonly model?: 'moby' | 'slow';
  /** Whether subscribers leave by nothing but the fault. */
  readonly faithful?: boolean;
  /** At which part of the text the fault is done. */
  readonly share: number;
  /** Whether the logs are lost, so that everybody is sent back to the beginning; otherwise nobody loses a word. */
  readonly loses?: boolean;
}

/** What is done to the cluster, and whatever is to be seen meanwhile. `part` is how much of all text the crowd has, from 0 to 1. */
export type Fault = (crowd: Crowd, part: () => number, ids: readonly string[]) => Promise<void>;

/** Trials on one cluster: the same texts in each, and whatever is done to it meanwhile, everybody ends with them. */
export class Trials {
  readonly #cluster: Cluster;
  readonly #random: () => number;
  readonly #seeds: readonly number[];
  #texts: readonly string[] = [];
  /** How many subscribers have left in all. */
  drops = 0;

  constructor(cluster: Cluster, random: () => number) {
    this.#cluster = cluster;
    this.#random = random;
    this.#seeds = Array.from({ length: generations }, () => below(random, 2 ** 31));
  }

  get #urls(): string[] {
    return this.#cluster.apis.map(({ url }) => url);
  }

  /** Learns the texts from runs that nothing interrupts. */
  async prepare(): Promise<void> {
    const ids = await this.#generateAll('fast');
    await new Crowd({ urls: this.#urls, ids, size: generations, random: this.#random, faithful: true }).done;
    this.#texts = await Promise.all(ids.map(async (id) => (await this.find(id)).text));
  }

  /** Starts one generation, at either node. */
  async generate(model: string, seed: number): Promise<string> {
    const input = { model, prompt: 'Call me', parameters: { maxTokens, seed } };
    return (await ask(this.#urls[seed % 2] ?? '', GenerateDocument, { input })).generate.generation.id;
  }

  #generateAll(model: string): Promise<string[]> {
    return Promise.all(this.#seeds.map((seed) => this.generate(model, seed)));
  }

  /** A generation as a query finds it. */
  async find(id: string) {
    const { generation } = await ask(this.#urls.at(-1) ?? '', GenerationDocument, { id });
    if (!generation) throw new Error(`${id} is not there.`);
    return generation;
  }

  /** Runs a crowd through a fault, prints what it has counted, and expects that nobody lost anything. */
  async run(
    { name, model = 'moby', faithful = false, share, loses = false }: TrialOptions,
    fault: Fault,
  ): Promise<Crowd> {
    const ids = await this.#generateAll(model);
    const crowd = new Crowd({ urls: this.#urls, ids, size: subscribers, random: this.#random, faithful });
    const whole = this.#texts.reduce((sum, { length }) => sum + length, 0) * (subscribers / generations);
    const part = () => crowd.length / whole;
    // Whoever has nothing yet can't be sent back.
    await crowd.until(({ accounts }) => part() >= share && accounts.every(({ text }) => text.length > 0));
    await fault(crowd, part, ids);
    await crowd.done;
    this.drops += crowd.drops;
    const counts = this.#count(name, crowd, (id) => this.#texts[ids.indexOf(id)]);
    expect(counts.rewound).toBe(loses ? subscribers : 0);
    if (!loses) expect(counts.takenBack).toBe(0);
    expect(counts.mostAttempts).toBeLessThanOrEqual(mostAttempts);
    for (const [i, id] of ids.entries()) {
      await expect.poll(() => this.find(id)).toMatchObject({ status: 'COMPLETED', text: this.#texts[i], usage });
    }
    return crowd;
  }

  #count(name: string, { accounts, faults, drops, cuts }: Crowd, textOf: (id: string) => string | undefined) {
    const sum = (count: (account: Account) => number) => accounts.reduce((total, each) => total + count(each), 0);
    const counts = {
      different: sum(({ id, text }) => Number(text !== textOf(id))),
      doubled: sum(({ doubled }) => doubled),
      early: sum(({ early }) => early),
      notEndedOnce: sum(({ ends }) => Number(ends !== 1)),
    };
    const course = {
      rewound: sum(({ rewinds }) => Number(rewinds > 0)),
      takenBack: sum(({ takenBack }) => takenBack),
      mostAttempts: Math.max(...accounts.flatMap(({ begun }) => begun)),
    };
    const events = sum(({ cursors }) => cursors.length);
    const worstSilenceMs = Math.max(...accounts.map(({ silence }) => silence));
    console.log(`${name}: ${JSON.stringify({ ...counts, ...course, events, drops, cuts, faults, worstSilenceMs })}`);
    expect({ ...counts, faults }).toEqual({ different: 0, doubled: 0, early: 0, notEndedOnce: 0, faults: [] });
    return course;
  }
}
