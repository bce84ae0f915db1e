import type { FetchAPI, Plugin } from 'graphql-yoga';
import type { Answer } from './answers.ts';
import type { SubscriptionContext } from './subscribe.ts';

/** Proxies cut what is silent for long. */
const defaultKeepAliveMs = 12_000;

/** How the answers of a subscription are written into one answer over HTTP. */
interface Format {
  readonly headers: Readonly<Record<string, string>>;
  readonly start: Uint8Array;
  readonly part: (answer: Answer) => Uint8Array;
  /** What clients skip. */
  readonly keepAlive: Uint8Array;
  readonly end: Uint8Array;
}

const unbuffered = { 'cache-control': 'no-cache', 'content-encoding': 'none' };

/** Written once for all who get it. */
function once(write: (json: Buffer) => Uint8Array): (answer: Answer) => Uint8Array {
  const written = new WeakMap<Answer, Uint8Array>();
  return (answer) => {
    const known = written.get(answer);
    if (known) return known;
    const part = write(answer.json());
    written.set(answer, part);
    return part;
  };
}

/** @see https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverSSE.md, distinct connections */
const eventStream: Format = {
  headers: { 'content-type': 'text/event-stream', connection: 'keep-alive', ...unbuffered },
  // Some browsers tell of an answer only when some of it is there.
  start: Buffer.from(':\n\n'),
  part: once((json) => Buffer.concat([Buffer.from('event: next\ndata: '), json, Buffer.from('\n\n')])),
  keepAlive: Buffer.from(':\n\n'),
  end: Buffer.from('event: complete\ndata:\n\n'),
};

// A part is complete to its reader when the next delimiter is there, so each part brings that along.
const delimiter = '\r\n--graphql';
const multipartHead = Buffer.from('\r\ncontent-type: application/json\r\n\r\n');

/**
 * As Apollo's clients ask for subscriptions where no WebSocket link is set up: each event is a part of one answer.
 * @see https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
 */
const multipart: Format = {
  headers: { 'content-type': 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"', ...unbuffered },
  start: Buffer.from(delimiter),
  part: once((json) => Buffer.concat([multipartHead, Buffer.from('{"payload":'), json, Buffer.from(`}${delimiter}`)])),
  keepAlive: Buffer.concat([multipartHead, Buffer.from(`{}${delimiter}`)]),
  end: Buffer.from('--\r\n'),
};

const isMultipart = /multipart\/mixed[^,]*;\s*subscriptionspec=/i;

/** Answers subscriptions over HTTP: by server-sent events, or in parts where Apollo's clients ask for that. */
export function httpStreams({ keepAliveMs = defaultKeepAliveMs } = {}): Plugin<object, SubscriptionContext> {
  return {
    onResultProcess({ request, resultProcessor, setResultProcessor, serverContext: { answers } }) {
      if (!answers) return;
      // Of the classes of Node itself Yoga would not notice that the client has left before there is more to say.
      const stream =
        (format: Format) =>
        (_: unknown, { Response, ReadableStream }: FetchAPI) =>
          new Response(new ReadableStream(body(answers[Symbol.asyncIterator](), format, keepAliveMs)), {
            headers: format.headers,
          });
      if (isMultipart.test(request.headers.get('accept') ?? ''))
        setResultProcessor(stream(multipart), 'multipart/mixed');
      // Yoga has found that the client takes them.
      else if (resultProcessor) setResultProcessor(stream(eventStream), 'text/event-stream');
    },
  };
}

/** Begins when somebody reads: an answer whose client is gone already is dropped without a word. */
function body(answers: AsyncIterator<Answer>, format: Format, keepAliveMs: number): UnderlyingDefaultSource {
  let keepAlive: NodeJS.Timeout | undefined;
  return {
    start(controller) {
      controller.enqueue(format.start);
      keepAlive = setInterval(() => {
        // A reader that is behind has enough to read.
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(format.keepAlive);
      }, keepAliveMs);
    },
    async pull(controller) {
      const { done, value } = await answers.next();
      if (!done) return controller.enqueue(format.part(value));
      clearInterval(keepAlive);
      controller.enqueue(format.end);
      controller.close();
    },
    async cancel() {
      clearInterval(keepAlive);
      await answers.return?.();
    },
  };
}
