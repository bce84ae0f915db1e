import { freePort } from '../../scripts/services/ports.ts';
import { alternating, atMost, type Bench, ratios, spread } from '../bench.ts';
import { Child } from '../child.ts';
import type { Percentiles } from '../clients/tally.ts';
import { direct, type Flow, flow, type Load, millrace, type Way } from '../streams.ts';

const load: Load = { streams: 1_000, overMs: 10_000, tokensPerSecond: 20, firstMs: 0, from: 10_100, to: 11_000 };

export const bench: Bench = {
  name: 'gateway',
  what: `${load.streams} streams of ${load.tokensPerSecond} tokens a second each, begun over ${load.overMs / 1000} s, from a model's server that writes the first token at once: read from that server directly, through Millrace, each with a viewer on a WebSocket of its own who begins a generation and follows it, and through Portkey's gateway. Times in ms, from the question to the first token, and how far the time between two tokens is from that at their writing; CPU for each token, of what stands between, in µs.`,

  async run() {
    const runs = await alternating({
      direct: () => flow(load, (port) => direct(port)),
      millrace: () => flow(load, (port) => millrace(port, ['all'])),
      portkey: () => flow(load, portkey),
    });
    type Name = keyof typeof runs;
    const cost = (name: Name) => runs[name].map((each) => each.cost);
    const times = (name: Name, of: keyof Flow['times'], at: keyof Percentiles) =>
      runs[name].map((each) => each.times[of][at]);
    const added = (of: keyof Flow['times'], at: keyof Percentiles) =>
      times('millrace', of, at).map((ms, round) => ms - (times('direct', of, at)[round] ?? Number.NaN));
    const row = (title: string, name: Name) => [
      title,
      spread(times(name, 'first', 'p50')),
      spread(times(name, 'first', 'p99')),
      spread(times(name, 'between', 'p99')),
      name === 'direct' ? '–' : spread(cost(name), 1),
    ];
    return {
      columns: ['', 'first token, p50, ms', 'first token, p99, ms', 'between tokens, p99, ms', 'µs a token'],
      rows: [row('directly', 'direct'), row('Millrace', 'millrace'), row('Portkey', 'portkey')],
      bars: [
        atMost('added to the first token, p50', added('first', 'p50'), 2, ' ms'),
        atMost('added to the first token, p99', added('first', 'p99'), 10, ' ms'),
        atMost('added between tokens, p99', added('between', 'p99'), 50, ' ms'),
        atMost("times Portkey's CPU a token", ratios(cost('millrace'), cost('portkey')), 1),
      ],
    };
  },
};

/** Its gateway as its documentation starts it, which sends on to the address that each request names. */
async function portkey(modelPort: number): Promise<Way> {
  const port = await freePort();
  const preload = new URL('../servers/portkey-response.ts', import.meta.url).href;
  const process = new Child('node_modules/@portkey-ai/gateway/build/start-server.js', {
    args: ['--headless', `--port=${port}`],
    nodeOptions: ['--import', preload],
  });
  await process.says(/Ready for connections/);
  return {
    port,
    processes: [process],
    client: 'readers',
    headers: {
      authorization: 'Bearer none',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `http://127.0.0.1:${modelPort}/v1`,
    },
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}
