import type { TestApp } from './app.ts';

interface Sent {
  readonly message: { readonly id: string; readonly text: string; readonly role: string };
  readonly generation: { readonly id: string; readonly status: string };
}

/** A new conversation; its id. */
export async function converse(app: TestApp, title?: string): Promise<string> {
  const query = 'mutation ($title: String) { createConversation(input: { title: $title }) { conversation { id } } }';
  const data = await app.get<{ createConversation: { conversation: { id: string } } }>(query, { title });
  return data.createConversation.conversation.id;
}

export async function send(app: TestApp, conversationId: string, text: string, more: object = {}): Promise<Sent> {
  const query = `mutation ($input: SendMessageInput!) {
    sendMessage(input: $input) { message { id text role } generation { id status } }
  }`;
  const data = await app.get<{ sendMessage: Sent }>(query, { input: { conversationId, text, ...more } });
  return data.sendMessage;
}

/** A new generation; its id. */
export async function generate(app: TestApp, prompt: string, more: object = {}): Promise<string> {
  const query = 'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } } }';
  const data = await app.get<{ generate: { generation: { id: string } } }>(query, { input: { prompt, ...more } });
  return data.generate.generation.id;
}

/** Follows a generation to its end, or until its text is so long; the text. */
export async function read(app: TestApp, id: string, length = Number.POSITIVE_INFINITY): Promise<string> {
  const query = `subscription ($id: ID!) {
    generation(id: $id) { ... on AttemptStarted { keptLength } ... on TextAppended { position text } }
  }`;
  let answer = '';
  type Event = { generation: { keptLength?: number; position?: number; text?: string } };
  for await (const { data } of await app.subscribe<Event>(query, { id })) {
    const { keptLength, position, text } = data.generation;
    answer = answer.slice(0, keptLength ?? position ?? answer.length) + (text ?? '');
    if (answer.length >= length) break;
  }
  return answer;
}

/** Every answer of a subscription from here to its end. */
export async function rest<Data>(events: AsyncIterable<{ data: Data }>): Promise<Data[]> {
  const found: Data[] = [];
  for await (const { data } of events) found.push(data);
  return found;
}
