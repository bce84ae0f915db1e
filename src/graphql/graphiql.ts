import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { YogaServerOptions } from 'graphql-yoga';

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

/** GraphiQL as this server shows it: no request to anywhere else, subscriptions over WebSocket. */
export const graphiql: Pick<YogaServerOptions<object, object>, 'graphiql' | 'renderGraphiQL'> = {
  graphiql: {
    title: 'Millrace',
    subscriptionsProtocol: 'WS',
    defaultTabs: [
      { query: exampleMutation },
      { query: exampleSubscription, variables: '{ "id": "gen_…" }' },
      { query: exampleDashboard },
      { query: exampleModels },
    ],
  },
  renderGraphiQL,
};
