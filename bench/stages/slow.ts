/** What the bench `slow` looks at, in a process of its own: it runs in a network of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { answer, type Memory } from '../answers.ts';
import { Child } from '../child.ts';
import type { Audience, Told } from '../clients/stallers.ts';
import { generate, type Millrace, watched } from '../servers/millrace.ts';

export interface Play {
  readonly readers: number;
  /** How the answer comes. */
  readonly tokens: number;
  readonly everyMs: number;
  /** Over how long readers stop reading, one after the other. */
  readonly stallMs: number;
  /** How often they read a little, and stop again, before they read on. */
  readonly sips: number;
}

/** The server's memory. */
export interface Memories {
  /** All have come, and nothing has been said. */
  readonly before: Memory;
  /** All has been said, and nobody reads. */
  readonly stalled: Memory;
  /** They have read a little, and nobody reads. */
  readonly sipped: Memory;
  /** All have read all. */
  readonly after: Memory;
  /** What it had of the machine at most, in bytes, as they went on reading. */
  readonly peak: number;
  readonly told: Told;
}

const sipMs = 300;
const peakEveryMs = 20;

answer({
  /** Plays so often, with the same server and the same readers, and tells of the last time. */
  async play({ times, ...play }: Play & { readonly times: number }): Promise<Memories> {
    await using stack = new AsyncDisposableStack();
    const model = stack.use(new Child('servers/model.ts'));
    const crowd = stack.use(new Child('clients/stallers.ts'));
    const server = stack.use(await watched(await model.ask('listen')));
    for (let time = 1; time < times; time++) await once({ model, crowd, server }, play);
    return await once({ model, crowd, server }, play);
  },
});

interface Parts {
  readonly model: Child;
  readonly crowd: Child;
  readonly server: Millrace;
}

async function once({ model, crowd, server }: Parts, play: Play): Promise<Memories> {
  const { url, key, process } = server;
  const ids = [await generate(server)];
  await crowd.ask('come', { url, key, ids, readersEach: play.readers } satisfies Audience);
  const before = await process.memory();
  const spoken = model.ask('speak', { tokens: play.tokens, everyMs: play.everyMs });
  await crowd.ask('stall', play.stallMs);
  await spoken;
  const stalled = await process.memory();
  for (let sip = 0; sip < play.sips; sip++) {
    await crowd.ask('sip');
    await sleep(sipMs);
  }
  const sipped = await process.memory();
  const { peak, told } = await readOn(process, crowd);
  const after = await process.memory();
  await crowd.ask('leave');
  return { before, stalled, sipped, after, peak, told };
}

async function readOn(server: Child, crowd: Child): Promise<{ peak: number; told: Told }> {
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, server.rss);
  }, peakEveryMs);
  await crowd.ask('goOn');
  const told = await crowd.ask<Told>('read');
  clearInterval(watch);
  return { peak, told };
}
