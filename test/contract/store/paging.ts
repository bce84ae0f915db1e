import { describe, expect, test } from 'vitest';
import { auditEvent } from '../../../src/domain/audit.ts';
import type { Page, PageRequest, Store } from '../../../src/store/store.ts';
import { ann, bob, createConversation, draft, newKey, type Open, outcome, replyDraft, useStore } from './fixtures.ts';

type Read = (page: PageRequest) => Promise<Page<{ readonly id: string }>>;
interface List {
  readonly ids: readonly string[];
  readonly read: Read;
}

/** Seven of each list, among rows that do not belong to it: its ids in order, and how to read it. */
const lists: Record<string, (store: Store) => Promise<List>> = {
  generations: async (store) => {
    const ids = await generations(store, 7, 'whale');
    return { ids: ids.reverse(), read: (page) => store.generations.page(ann.id, page) };
  },
  'generations of one status': async (store) => {
    const queued = await generations(store, 14, 'whale');
    const done = queued.filter((_, i) => i % 2);
    for (const id of done) await store.generations.settle(id, outcome());
    return { ids: done.reverse(), read: (page) => store.generations.page(ann.id, page, 'COMPLETED') };
  },
  conversations: async (store) => {
    const times = [5, 3, 3, 9, 3, 10, 4];
    const made = [];
    for (const updatedAt of times) {
      made.push(await createConversation(store, { updatedAt }));
      await createConversation(store, { updatedAt, ownerId: bob.id });
    }
    made.sort((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1));
    return { ids: made.map(({ id }) => id), read: (page) => store.conversations.page(ann.id, page) };
  },
  keys: async (store) => {
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) {
      const made = newKey();
      await store.keys.create(made, 'hash');
      ids.unshift(made.id);
    }
    return { ids, read: (page) => store.keys.page(page) };
  },
  'the audit log': async (store) => {
    const events = Array.from({ length: 7 }, () => auditEvent('KEY_REVOKED'));
    for (const event of events) await store.audit.add(event);
    return { ids: events.map(({ id }) => id).reverse(), read: (page) => store.audit.page(page) };
  },
  messages: async (store) => {
    const [one, two] = [await createConversation(store), await createConversation(store)];
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) {
      const wanted = replyDraft(one.id);
      for (const each of [wanted, replyDraft(two.id)]) {
        await store.generations.submit(each);
        await store.generations.settle(each.generation.id, outcome());
      }
      ids.push(wanted.reply.messageId, wanted.reply.replyId);
    }
    const read: Read = async (page) => {
      const pages = await store.conversations.messagePages([two.id, one.id], page);
      return pages.get(one.id) ?? { rows: [], hasNextPage: true, hasPreviousPage: true };
    };
    return { ids, read };
  },
};

async function generations(store: Store, count: number, modelId: string): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    ids.push((await store.generations.submit(draft({ modelId }))).generation.id);
    await store.generations.submit(draft({ viewerId: bob.id }));
  }
  return ids;
}

/** What the Relay specification makes of a list of ids, where every position is one of a row that is there. */
function expected(ids: readonly string[], page: PageRequest, idAt: (position: string) => string) {
  const start = page.after === undefined ? 0 : ids.indexOf(idAt(page.after)) + 1;
  const stop = page.before === undefined ? ids.length : ids.indexOf(idAt(page.before));
  const between = ids.slice(start, Math.max(start, stop));
  const first = page.from === 'start';
  return {
    ids: first ? between.slice(0, page.limit) : between.slice(Math.max(0, between.length - page.limit)),
    hasNextPage: (first && between.length > page.limit) || stop < ids.length,
    hasPreviousPage: (!first && between.length > page.limit) || start > 0,
  };
}

export function pagingTests(open: Open): void {
  const given = useStore(open);

  describe.each(Object.entries(lists))('of %s', (_name, fill) => {
    test('are what the Relay specification says, from both ends and between any two positions', async () => {
      const { ids, read } = await fill(given.store);
      const all = await read({ limit: 100, from: 'start' });
      expect(all.rows.map(({ row }) => row.id)).toEqual(ids);
      const idAt = (position: string) => all.rows.find((each) => each.position === position)?.row.id ?? '';
      const positions = [undefined, ...all.rows.map(({ position }) => position)];
      for (const from of ['start', 'end'] as const) {
        for (const limit of [0, 1, 3, ids.length, ids.length + 1]) {
          for (const after of positions) {
            for (const before of positions) {
              const page = { limit, from, after, before };
              const { rows, hasNextPage, hasPreviousPage } = await read(page);
              const got = { ids: rows.map(({ row }) => row.id), hasNextPage, hasPreviousPage };
              expect(got, JSON.stringify(page)).toEqual(expected(ids, page, idAt));
            }
          }
        }
      }
    });

    test('a position that the list never gave is BAD_USER_INPUT', async () => {
      const { read } = await fill(given.store);
      const encode = (text: string) => Buffer.from(text).toString('base64url');
      const [row] = (await read({ limit: 1, from: 'start' })).rows;
      const bad = [
        '',
        '!',
        'null',
        encode('{}'),
        encode('usr_x'),
        encode('5 msg_x'),
        encode('conv_x'),
        `${row?.position}=`,
      ];
      for (const position of bad) {
        for (const page of [{ after: position }, { before: position }]) {
          const reading = read({ limit: 1, from: 'start', ...page });
          await expect(reading, position).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
        }
      }
    });
  });

  test('a position stays good while conversations move to the front', async () => {
    const { store } = given;
    const [oldest, , newest] = [
      await createConversation(store, { updatedAt: 1 }),
      await createConversation(store, { updatedAt: 2 }),
      await createConversation(store, { updatedAt: 3 }),
    ];
    const { rows } = await store.conversations.page(ann.id, { limit: 2, from: 'start' });
    await store.generations.submit(replyDraft(newest.id));
    const rest = await store.conversations.page(ann.id, { limit: 2, from: 'start', after: rows[1]?.position });
    expect(rest.rows.map(({ row }) => row.id)).toEqual([oldest.id]);
  });

  test('a conversation without messages, or that is not there, has an empty page', async () => {
    const { store } = given;
    const { id } = await createConversation(store);
    const pages = await store.conversations.messagePages([id, 'conv_unknown'], { limit: 5, from: 'end' });
    expect(pages.get(id)).toEqual({ rows: [], hasNextPage: false, hasPreviousPage: false });
  });
}
