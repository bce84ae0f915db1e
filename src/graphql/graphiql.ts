import { createHash } from 'node:crypto';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { GraphiQLOptions, Plugin, YogaServerOptions } from 'graphql-yoga';

const exampleMutation = `# Then paste the id into the variables of the next tab.
mutation Ask {
  generate(
    input: {
      prompt: "Call me"
      parameters: { maxTokens: 200, seed: 1 }
    }
  ) {
    generation {
      id
      status
    }
  }
}
`;

const exampleSubscription = `# Reload while it runs: nothing is lost.
subscription Follow($id: ID!) {
  generation(id: $id) {
    __typename
    cursor
    ... on AttemptStarted {
      attempt
      backend
      keptLength
    }
    ... on TextAppended {
      position
      text
    }
    ... on GenerationEnded {
      status
      finishReason
      usage { promptTokens completionTokens }
      generation { text }
    }
  }
}
`;

const exampleDashboard = `query Dashboard {
  viewer {
    name
    conversations(first: 20) {
      nodes {
        id
        title
        lastMessage { role text author { name } }
        activeGeneration { id status model { name } }
      }
    }
    generations(first: 10) {
      nodes { id status text }
    }
  }
  models { id name status load running queued }
}
`;

const exampleModels = `subscription Models {
  model {
    id
    status
    load
    running
    queued
    requestsProcessed
    tokensPerSecond
  }
}
`;

/** What the page does with the headers of its editor: HTTP requests carry them, and sockets nothing. */
const httpHeaders = /extensions:\{headers:(\w+)\?\.headers\}/;

/**
 * The page, whose sockets say at their start what its headers editor has: `Authorization` reaches them too. The page has
 * no setting for that, so it is put in where the page hands on the headers; as what JSON leaves out, so that a request's
 * body does not have it.
 */
const pageOf: typeof renderGraphiQL = (options) =>
  renderGraphiQL(options).replace(
    httpHeaders,
    'extensions:Object.defineProperty({headers:$1?.headers},"connectionParams",{value:$1?.headers})',
  );

const options: GraphiQLOptions = {
  title: 'Millrace',
  subscriptionsProtocol: 'WS',
  // A token is not left behind in the browser, unless its user asks for that in the page's settings.
  shouldPersistHeaders: false,
  defaultTabs: [
    { query: exampleMutation },
    { query: exampleSubscription, variables: '{ "id": "gen_…" }' },
    { query: exampleDashboard },
    { query: exampleModels },
  ],
};

interface Rendered {
  readonly page: string;
  /** The page runs its own scripts, by their hashes, and talks to this server alone. */
  readonly policy: string;
}

let rendered: Rendered | undefined;

function render(): Rendered {
  const page = pageOf(options);
  const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script = '']) => {
    return `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
  });
  const policy = [
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'",
    `script-src ${scripts.join(' ')}`,
    "style-src 'unsafe-inline'; font-src data:; img-src data:; worker-src blob:",
  ].join('; ');
  return { page, policy };
}

/** GraphiQL as this server shows it: no request to anywhere else, subscriptions over WebSocket. */
export const graphiql: Pick<YogaServerOptions<object, object>, 'graphiql' | 'renderGraphiQL'> = {
  graphiql: options,
  renderGraphiQL() {
    rendered ??= render();
    return rendered.page;
  },
};

/** Tells the browser what the page may do. */
export const graphiqlPolicy: Plugin = {
  onResponse({ response }) {
    if (!rendered || response.headers.get('content-type') !== 'text/html') return;
    response.headers.set('content-security-policy', rendered.policy);
  },
};
