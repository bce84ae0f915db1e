import { connect, type Socket } from 'node:net';
import { microseconds } from '../clock.ts';
import { beginning, type Reader, Tally } from './tally.ts';

/**
 * Viewers of the product, each on a WebSocket of its own: begins a generation, and subscribes to it. The frames are made
 * and read by hand, so that it takes little of the machine.
 *
 * Arguments: port, how many, over how many ms they begin. Prints a line when all sockets are open, begins by a line `go`.
 */
const [port, count, overMs] = process.argv.slice(2).map(Number) as [number, number, number];
const generate = 'mutation Generate($input: GenerateInput!) { generate(input: $input) { generation { id } } }';
const follow =
  'subscription Follow($id: ID!) { generation(id: $id) { __typename cursor ... on AttemptStarted { keptLength } ... on TextAppended { position text } ... on GenerationEnded { status } } }';
const tally = new Tally(() => {
  for (const [index, viewer] of viewers.entries()) setTimeout(() => viewer.begin(), beginning(index, count, overMs));
});

/** A frame of a client, masked with zeros. */
function frame(opcode: number, text: string): Buffer {
  const payload = Buffer.from(text);
  const short = payload.length < 126;
  const head = Buffer.alloc(short ? 6 : 8);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (short ? payload.length : 126);
  if (!short) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

class Viewer {
  readonly #socket: Socket;
  readonly #onOpen: () => void;
  #rest: Buffer | undefined;
  #greeted = false;
  #reader: Reader = { askedAt: 0, readAt: 0, age: 0 };

  constructor(onOpen: () => void) {
    this.#onOpen = onOpen;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.write(
      `GET /graphql HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nsec-websocket-version: 13\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`,
    );
    this.#socket.on('data', (bytes) => this.#read(bytes));
    this.#socket.on('error', (error) => fail(error.message));
  }

  begin(): void {
    this.#reader = { askedAt: microseconds(), readAt: 0, age: 0 };
    this.#say({
      id: 'g',
      type: 'subscribe',
      payload: { query: generate, variables: { input: { prompt: 'Call me' } } },
    });
  }

  #say(message: unknown): void {
    this.#socket.write(frame(1, JSON.stringify(message)));
  }

  #read(bytes: Buffer): void {
    let data = this.#rest ? Buffer.concat([this.#rest, bytes]) : bytes;
    this.#rest = undefined;
    if (!this.#greeted) {
      const end = data.indexOf('\r\n\r\n');
      if (end < 0) return void (this.#rest = data);
      this.#greeted = true;
      this.#say({ type: 'connection_init' });
      data = data.subarray(end + 4);
    }
    let at = 0;
    while (data.length - at >= 2) {
      const short = (data[at + 1] ?? 0) & 0x7f;
      const start = at + (short === 126 ? 4 : 2);
      if (data.length < start) break;
      const length = short === 126 ? data.readUInt16BE(at + 2) : short;
      if (data.length < start + length) break;
      this.#take((data[at] ?? 0) & 0xf, data.latin1Slice(start, start + length));
      at = start + length;
    }
    if (at < data.length) this.#rest = data.subarray(at);
  }

  #take(opcode: number, text: string): void {
    if (opcode === 9) return void this.#socket.write(frame(10, text));
    if (opcode !== 1) return fail(`frame ${opcode}: ${text}`);
    const start = text.indexOf('"text":"');
    if (start > 0) return tally.take(this.#reader, text, start + 8, text.indexOf('"', start + 8));
    if (text.includes('"type":"error"') || text.includes('"errors"')) return fail(text);
    if (text.includes('"connection_ack"')) return this.#onOpen();
    if (text.includes('"generate":')) {
      const id = /gen_\w+/.exec(text)?.[0];
      return this.#say({ id: 's', type: 'subscribe', payload: { query: follow, variables: { id } } });
    }
    if (text.includes('"GenerationEnded"')) {
      if (!text.includes('COMPLETED')) fail(text);
      tally.ended++;
    }
  }
}

function fail(why: string): void {
  console.error(why);
  process.exit(1);
}

const viewers: Viewer[] = [];
const opened = await new Promise<Viewer[]>((resolve) => {
  let open = 0;
  const next = () => {
    if (viewers.length === count) return;
    const viewer = new Viewer(() => {
      if (++open === count) resolve(viewers);
      next();
    });
    viewers.push(viewer);
  };
  for (let i = 0; i < 50; i++) next();
});
console.log(JSON.stringify({ open: opened.length }));
