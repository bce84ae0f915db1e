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

const options: GraphiQLOptions = {
  title: 'Millrace',
  subscriptionsProtocol: 'WS',
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
  const page = renderGraphiQL(options);
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
