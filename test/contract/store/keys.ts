import { expect, test } from 'vitest';
import { auditEvent } from '../../../src/domain/audit.ts';
import { ann, newKey, type Open, useStore } from './fixtures.ts';

export function keyTests(open: Open): void {
  const given = useStore(open);

  test('a key is kept as it was made, with its hash and its viewer’s name', async () => {
    const { keys } = given.store;
    const made = newKey({ expiresAt: 1_895_000_000_123 });
    await keys.create(made, 'hash');
    expect(await keys.byIds([made.id, 'key_unknown'])).toEqual([
      { key: made, secretHash: 'hash', viewerName: ann.name },
    ]);
  });

  test('a key and its viewer are recorded together, or neither', async () => {
    const { keys, viewers } = given.store;
    const made = newKey({ viewerId: 'usr_new' });
    await keys.create(made, 'hash', { id: 'usr_new', name: 'New', role: 'READER' });
    const again = { id: 'usr_other', name: 'Other', role: 'READER' } as const;
    await expect(keys.create({ ...made, viewerId: again.id }, 'hash', again)).rejects.toThrow();
    await expect(keys.create(newKey({ viewerId: 'usr_none' }), 'hash')).rejects.toThrow();
    expect((await viewers.byIds(['usr_new', 'usr_other'])).map(({ id }) => id)).toEqual(['usr_new']);
  });

  test('a key is revoked once, and stays so', async () => {
    const { keys } = given.store;
    const [made, other] = [newKey(), newKey()];
    for (const each of [made, other]) await keys.create(each, 'hash');
    expect(await keys.revoke(made.id, 5_000)).toEqual({ ...made, revokedAt: 5_000 });
    expect(await keys.revoke(made.id, 6_000)).toEqual({ ...made, revokedAt: 5_000 });
    expect(await keys.revoke('key_unknown', 5_000)).toBeUndefined();
    expect((await keys.byIds([other.id]))[0]?.key).toEqual(other);
  });

  test('the last use is that of those keys alone', async () => {
    const { keys } = given.store;
    const [one, two, three] = [newKey(), newKey(), newKey()];
    for (const each of [one, two, three]) await keys.create(each, 'hash');
    await keys.touch([one.id, two.id], 7_000);
    const used = (await keys.byIds([one.id, two.id, three.id])).map(({ key }) => [key.id, key.lastUsedAt]);
    expect(new Map(used as [string, number | null][])).toEqual(
      new Map([
        [one.id, 7_000],
        [two.id, 7_000],
        [three.id, null],
      ]),
    );
  });

  test('an event is kept as it was added, until it is pruned', async () => {
    const { audit } = given.store;
    const bare = auditEvent('SIGN_IN_FAILED', { at: 1_795_000_000_123 });
    const full = auditEvent('KEY_CREATED', {
      actorId: 'usr_ann',
      subjectId: 'key_1',
      ip: '::1',
      detail: { name: 'ä"', n: 1 },
    });
    for (const each of [bare, full]) await audit.add(each);
    expect(await audit.byIds([bare.id])).toEqual([bare]);
    expect(await audit.byIds([full.id])).toEqual([full]);
    await audit.prune(bare.at);
    expect(await audit.byIds([bare.id])).toHaveLength(1);
    await audit.prune(bare.at + 1);
    expect(await audit.byIds([bare.id, full.id])).toEqual([full]);
  });
}
