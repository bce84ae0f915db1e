import { auditEvent } from '../../../src/domain/audit.ts';
import { newId } from '../../../src/domain/ids.ts';
import { hashSecret, newLinkToken } from '../../../src/domain/secret.ts';
import type { Visibility } from '../../../src/domain/sharing.ts';
import type { Store } from '../../../src/store/store.ts';
import { outcome, replyDraft } from '../../contract/store/fixtures.ts';
import { startApp, type TestApp } from '../app.ts';
import { people, peopleAuth } from '../people.ts';

/** With limits, so that they have values. */
const yaml = `
limits: { operationsPerSecond: { viewer: 1000000 }, tokensPerDay: 1000000, tokensPerMonth: 1000000, generationsAtOnce: 100 }
models: [{ id: ngram, name: N-gram, backends: [{ kind: ngram, tokensPerSecond: 0 }] }]
`;

/** A server that knows `people`; whoever shows no token is Ada. */
export async function startAppOfPeople(): Promise<TestApp> {
  const app = await startApp({ yaml, auth: peopleAuth() });
  for (const viewer of Object.values(people)) await app.parts.store.viewers.put(viewer);
  return app;
}

/** What Ann has, and the tokens of links to it. */
export interface Ground {
  readonly owner: string;
  readonly conversation: string;
  /** Her message. */
  readonly message: string;
  /** The reply to it, which has failed. */
  readonly generation: string;
  /** Id of a link to the generation. */
  readonly link: string;
  /** Id of a key of hers, and of its making by Ada. */
  readonly key: string;
  readonly event: string;
  readonly tokens: { readonly generation: string; readonly conversation: string; readonly expired: string };
}

interface Shared {
  readonly conversation?: Visibility;
  readonly generation?: Visibility;
}

/** A conversation of Ann's with a reply that has failed, so that every field of it has a value. */
export async function makeGround(app: TestApp, shared: Shared = {}): Promise<Ground> {
  const { store } = app.parts;
  const query = 'mutation { createConversation(input: { title: "Whales" }) { conversation { id } } }';
  const made = await app.get<{ createConversation: { conversation: { id: string } } }>(query, {}, 'ann');
  const { id } = made.createConversation.conversation;
  const reply = replyDraft(id, 'Call me', { viewerId: people.ann.id, modelId: 'ngram', createdAt: Date.now() });
  const generation = reply.generation.id;
  await store.generations.submit(reply);
  await settleAsFailed(store, generation);
  if (shared.conversation) await store.conversations.setVisibility(id, shared.conversation);
  if (shared.generation) await store.generations.setVisibility(generation, shared.generation);
  const link = async (targetId: string, expiresAt: number | null = null) => {
    const [made, token] = [{ id: newId('link'), targetId, createdAt: 1, expiresAt, revokedAt: null }, newLinkToken()];
    await store.links.create(made, hashSecret(token), 100);
    return { link: made, token };
  };
  const [toGeneration, toConversation, expired] = [await link(generation), await link(id), await link(id, 2)];
  const tokens = { generation: toGeneration.token, conversation: toConversation.token, expired: expired.token };
  const ids = { owner: people.ann.id, conversation: id, message: reply.reply.messageId, generation };
  return { ...ids, ...(await keyOfAnn(store)), link: toGeneration.link.id, tokens };
}

/** Every field of it, and of what was written down of it, has a value. */
async function keyOfAnn(store: Store): Promise<{ key: string; event: string }> {
  const key = { id: newId('key'), viewerId: people.ann.id, name: 'Ann’s', role: 'MEMBER' } as const;
  const quota = { tokensPerDay: 5, tokensPerMonth: 6 };
  await store.keys.create({ ...key, ...quota, createdAt: 1, expiresAt: 2, revokedAt: 3, lastUsedAt: 4 }, 'hash');
  const event = auditEvent('KEY_CREATED', { actorId: people.ada.id, subjectId: key.id, ip: '127.0.0.1' });
  await store.audit.add(event);
  return { key: key.id, event: event.id };
}

function settleAsFailed(store: Store, id: string): Promise<boolean> {
  const error = { code: 'MODEL_UNAVAILABLE', message: 'It broke off.', retryable: true } as const;
  return store.generations.settle(id, outcome({ status: 'FAILED', finishReason: 'ERROR', error }));
}
