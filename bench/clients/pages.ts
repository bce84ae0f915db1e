/** Clients that ask for the same page again and again, each over a connection of its own that it keeps. */
import { Agent, type IncomingMessage, request } from 'node:http';
import { answer } from '../answers.ts';

export interface Ask {
  readonly url: string;
  readonly query: string;
  /** The token that they show. */
  readonly key?: string | undefined;
  readonly connections: number;
  /** After this long, in ms, none asks again. */
  readonly forMs: number;
}

export interface Answered {
  readonly requests: number;
  /** The last answer. */
  readonly body: string;
}

answer({
  async ask({ url, query, key, connections, forMs }: Ask): Promise<Answered> {
    const agent = new Agent({ keepAlive: true, maxSockets: connections });
    const body = Buffer.from(JSON.stringify({ query }));
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    };
    const end = performance.now() + forMs;
    let requests = 0;
    let answered = '';
    const client = async () => {
      while (performance.now() < end) {
        answered = await new Promise<string>((resolve, reject) => {
          const asked = request(
            url,
            { method: 'POST', agent, headers },
            (response) => void read(response).then(resolve, reject),
          );
          asked.once('error', reject).end(body);
        });
        requests++;
      }
    };
    await Promise.all(Array.from({ length: connections }, client));
    agent.destroy();
    return { requests, body: answered };
  },
});

async function read(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  const text = Buffer.concat(pieces).toString();
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${text}`);
  return text;
}
