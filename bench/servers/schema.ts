/** The part of Millrace's schema that the benches ask for, as the peers serve it. */

export const typeDefs = /* GraphQL */ `
  scalar Cursor
  type Query { ready: Boolean! }
  interface GenerationEvent { cursor: Cursor! }
  type TextAppended implements GenerationEvent { cursor: Cursor! position: Int! text: String! }
  type GenerationEnded implements GenerationEvent { cursor: Cursor! status: String! finishReason: String }
  type Subscription { generation(id: ID!): GenerationEvent! }
`;

/** An event as clients get it; its type is in `__typename`, where GraphQL looks for it by default. */
export interface GenerationEvent {
  readonly __typename: string;
  readonly cursor: string;
}

export const follow = /* GraphQL */ `
  subscription Follow($id: ID!) {
    generation(id: $id) {
      __typename
      cursor
      ... on TextAppended { position text }
      ... on GenerationEnded { status finishReason }
    }
  }
`;
