import type { Plugin } from 'graphql-yoga';
import type { Answer } from './answers.ts';

/** Proxies cut what is silent for long; Apollo's clients skip an empty object. */
const defaultKeepAliveMs = 12_000;
/** The word that the parts of an answer are delimited by, as the protocol has it. */
const boundary = 'graphql';
const headers = {
  'content-type': `multipart/mixed;boundary="${boundary}";subscriptionSpec="1.0"`,
  'cache-control': 'no-cache',
  'content-encoding': 'none',
};

/**
 * Subscriptions over HTTP as Apollo's clients ask for them where no WebSocket link is set up: each event is a part
 * of one multipart answer. https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
 */
export function multipartSubscriptions({ keepAliveMs = defaultKeepAliveMs } = {}): Plugin {
  return {
    onResultProcess({ request, result, setResultProcessor }) {
      if (!(Symbol.asyncIterator in result)) return;
      const accepted = request.headers.get('accept') ?? '';
      if (!/multipart\/mixed[^,]*;\s*subscriptionspec=/i.test(accepted)) return;
      // What subscribes is answered by nothing else.
      const answers = (result as AsyncIterable<Answer>)[Symbol.asyncIterator]();
      const answer = () => new Response(parts(answers, keepAliveMs), { headers });
      setResultProcessor(answer, 'multipart/mixed');
    },
  };
}

function parts(answers: AsyncIterator<Answer>, keepAliveMs: number): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  // A part is complete to its reader when the next delimiter is there, so each part brings that along.
  const delimiter = `\r\n--${boundary}`;
  const part = (json: string) => encoder.encode(`\r\ncontent-type: application/json\r\n\r\n${json}${delimiter}`);
  let keepAlive: NodeJS.Timeout | undefined;

  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(delimiter));
    },
    async pull(controller) {
      // Not before somebody reads: an answer whose client is gone already is dropped without a word.
      keepAlive ??= setInterval(() => {
        // A reader that is behind has enough to read.
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(part('{}'));
      }, keepAliveMs);
      const { done, value } = await answers.next();
      if (!done) return controller.enqueue(part(`{"payload":${value.stringify()}}`));
      clearInterval(keepAlive);
      controller.enqueue(encoder.encode('--\r\n'));
      controller.close();
    },
    async cancel() {
      clearInterval(keepAlive);
      await answers.return?.();
    },
  });
}
