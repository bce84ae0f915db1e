import type { Memory } from '../answers.ts';
import type { Bar, Bench } from '../bench.ts';
import { Child } from '../child.ts';
import { needFiles } from '../files.ts';
import type { Memories, Play } from '../stages/slow.ts';

const readers = 500;
/** 1 MB in 8 s. */
const play: Play = { readers, tokens: 95_000, everyMs: 0.08, stallMs: 6_000, sips: 6 };
/** In the first a process takes what it needs for such a thing at all. */
const times = 3;
const mostMegabytes = 20;

/**
 * On a machine's own loopback the system takes 4 MB of what nobody reads, for each socket, and no server of 1 MB would feel
 * anything: in a network of its own it takes 64 KiB.
 */
const setUp = 'ip link set lo up && echo "4096 16384 65536" > /proc/sys/net/ipv4/tcp_wmem && exec "$@"';
const narrow = ['unshare', '--map-root-user', '--net', 'sh', '-c', setUp, 'sh'] as const;

export const bench: Bench = {
  name: 'slow',
  what: `${readers} readers of an answer of 1 MB, each of whom stops reading at another place of it, reads a little and stops again, again and again, and in the end reads the rest: memory of the server, in MB (1,000,000 bytes), after a collection where nothing else is said. Each has the whole answer in the end, and nothing of it twice, or the bench fails.`,

  async run() {
    needFiles(readers + 1_000);
    await using stage = new Child('stages/slow.ts', { through: narrow });
    const memories = await stage.ask<Memories>('play', { ...play, times });
    const { before, stalled, sipped, after, peak, told } = memories;
    const [whole, others] = [...told.texts.values()];
    if (whole !== readers || others !== undefined) throw new Error('Not all of them have the same text.');

    const row = (name: string, memory: Memory) => [name, megabytes(memory.rss), megabytes(usedOf(memory))];
    return {
      columns: ['', 'RSS, MB', 'heap and buffers, MB'],
      rows: [
        row('all are there, nothing is said', before),
        row('all is said, nobody reads', stalled),
        row('they have read a little', sipped),
        ['as they read the rest: at most, garbage and all', megabytes(peak), ''],
        row('all have read all', after),
      ],
      bars: [
        flat('RSS over that before, after a collection', [stalled.rss, sipped.rss, after.rss], before.rss),
        flat('heap and buffers over those before', [stalled, sipped, after].map(usedOf), usedOf(before)),
      ],
    };
  },
};

const usedOf = ({ heap, external }: Memory): number => heap + external;
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

function flat(what: string, figures: readonly number[], before: number): Bar {
  const grown = (Math.max(...figures) - before) / 1e6;
  return { what, measured: `${grown.toFixed(1)} MB`, bar: `at most ${mostMegabytes} MB`, held: grown <= mostMegabytes };
}
