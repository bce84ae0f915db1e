import { expect, test } from 'vitest';
import { newId } from '../../../src/domain/ids.ts';
import type { ShareLink } from '../../../src/domain/sharing.ts';
import {
  conversationOf,
  createConversation,
  draft,
  generationOf,
  type Open,
  outcome,
  replyDraft,
  useStore,
} from './fixtures.ts';

const at = 1_795_000_000_123;

const linkTo = (targetId: string, changes: Partial<ShareLink> = {}): ShareLink => ({
  id: newId('link'),
  targetId,
  createdAt: at,
  expiresAt: null,
  revokedAt: null,
  ...changes,
});

export function linkTests(open: Open): void {
  const given = useStore(open);

  test('what is new is private, and a new visibility changes nothing else', async () => {
    const { store } = given;
    const { id } = await createConversation(store);
    const reply = replyDraft(id);
    await store.generations.submit(reply);
    const [conversation, generation] = [
      await conversationOf(store, id),
      await generationOf(store, reply.generation.id),
    ];
    expect([conversation.visibility, generation.visibility]).toEqual(['PRIVATE', 'PRIVATE']);
    const shared = { visibility: 'SIGNED_IN' } as const;
    expect(await store.conversations.setVisibility(id, 'SIGNED_IN')).toEqual({ ...conversation, ...shared });
    expect(await generationOf(store, generation.id)).toEqual(generation);
    expect(await store.generations.setVisibility(generation.id, 'SIGNED_IN')).toEqual({ ...generation, ...shared });
    await store.generations.settle(generation.id, outcome());
    expect(await generationOf(store, generation.id)).toMatchObject({ ...shared, text: 'Ishmael.' });
    expect(await store.generations.setVisibility(generation.id, 'PRIVATE')).toMatchObject({ visibility: 'PRIVATE' });
    expect(await conversationOf(store, id)).toMatchObject(shared);
  });

  test('of what is gone no visibility is set', async () => {
    const { generations, conversations } = given.store;
    expect(await generations.setVisibility('gen_unknown', 'SIGNED_IN')).toBeUndefined();
    expect(await conversations.setVisibility('conv_unknown', 'SIGNED_IN')).toBeUndefined();
  });

  test('a link is found by the hash of its token, by its id and by what it leads to, the newest first', async () => {
    const { links } = given.store;
    const [first, second, other] = [linkTo('gen_a'), linkTo('gen_a', { expiresAt: at + 1 }), linkTo('conv_b')];
    for (const [i, link] of [first, second, other].entries()) await links.create(link, `hash ${i}`, 100);
    expect(await links.byHash('hash 1')).toEqual(second);
    expect(await links.byHash('hash')).toBeUndefined();
    expect(await links.byHash(first.id)).toBeUndefined();
    expect(await links.byIds([first.id, 'link_unknown', first.id])).toEqual([first]);
    expect(await links.ofTargets(['gen_a', 'gen_unknown'], at)).toEqual([second, first]);
    expect(await links.ofTargets(['gen_a', 'conv_b'], at)).toEqual([other, second, first]);
  });

  test('those that are revoked or have expired are not listed', async () => {
    const { links } = given.store;
    const [good, expired, revoked] = [
      linkTo('gen_a', { expiresAt: at + 1 }),
      linkTo('gen_a', { expiresAt: at }),
      linkTo('gen_a'),
    ];
    for (const link of [good, expired, revoked]) await links.create(link, link.id, 100);
    await links.revoke(revoked.id, at);
    expect(await links.ofTargets(['gen_a'], at)).toEqual([good]);
  });

  test('of many that are made at once there are as many as may be good, and dead ones do not count', async () => {
    const { store } = given;
    const reply = replyDraft((await createConversation(store)).id);
    await store.generations.submit(reply);
    for (const target of [reply.generation.id, reply.reply.conversationId]) {
      const dead = linkTo(target, { revokedAt: at });
      expect(await store.links.create(dead, dead.id, 3)).toBe(true);
      const all = Array.from({ length: 8 }, () => linkTo(target));
      const made = await Promise.all(all.map((link) => store.links.create(link, link.id, 3)));
      expect(made.filter((done) => done)).toHaveLength(3);
      expect(await store.links.ofTargets([target], at)).toHaveLength(3);
    }
  });

  test('two links never have one hash', async () => {
    const { links } = given.store;
    await links.create(linkTo('gen_a'), 'hash', 100);
    await expect(links.create(linkTo('gen_a'), 'hash', 100)).rejects.toThrow();
  });

  test('a link stays revoked as of the first time', async () => {
    const { links } = given.store;
    const link = linkTo('gen_a');
    await links.create(link, 'hash', 100);
    expect(await links.revoke(link.id, 5000)).toEqual({ ...link, revokedAt: 5000 });
    expect(await links.revoke(link.id, 6000)).toEqual({ ...link, revokedAt: 5000 });
    expect(await links.byHash('hash')).toEqual({ ...link, revokedAt: 5000 });
    expect(await links.revoke('link_unknown', 5000)).toBeUndefined();
  });

  test('a deleted conversation takes the links to it and to its generations with it, and no others', async () => {
    const { generations, conversations, links } = given.store;
    const [{ id }, kept] = [await createConversation(given.store), await createConversation(given.store)];
    const [reply, alone] = [replyDraft(id), draft()];
    for (const each of [reply, alone]) await generations.submit(each);
    const targets = [id, reply.generation.id, kept.id, alone.generation.id];
    for (const target of targets) await links.create(linkTo(target), target, 100);
    await generations.settle(reply.generation.id, outcome());
    await conversations.delete(id);
    const left = await links.ofTargets(targets, at);
    expect(left.map(({ targetId }) => targetId).sort()).toEqual([kept.id, alone.generation.id].sort());
  });
}
