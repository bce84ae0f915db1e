import { expect, test } from 'vitest';
import { ann, bob, createConversation, draft, type Open, outcome, replyDraft, useStore } from './fixtures.ts';

/** 2026-11-22, 10:00 UTC. */
const now = Date.UTC(2026, 10, 22, 10);
const hour = 3_600_000;
const day = 24 * hour;

export function quotaTests(open: Open): void {
  const given = useStore(open);
  const accountOf = async (id: string, at = now, viewerId = ann.id) =>
    (await given.store.usage.standings([viewerId], at)).get(viewerId)?.accounts.get(id);

  const ofDay = (tokensPerDay: number, reservedTokens: number, options: Parameters<typeof draft>[0] = {}) =>
    draft({ createdAt: now, account: { tokensPerDay }, reservedTokens, ...options });
  const ended = (promptTokens: number | null, completionTokens: number) =>
    outcome({ usage: { promptTokens, completionTokens } });

  test('of many that are submitted at once as many are accepted as there is room for, and no more', async () => {
    const { generations } = given.store;
    const drafts = Array.from({ length: 20 }, () => ofDay(100, 48));
    const ends = await Promise.allSettled(drafts.map((each) => generations.submit(each)));
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(await accountOf(ann.id)).toEqual({ day: { used: 0, reserved: 96 }, month: { used: 0, reserved: 96 } });
    expect(await generations.unsettled()).toHaveLength(2);
    for (const end of ends) {
      if (end.status === 'fulfilled') continue;
      const { code, message, retryAfterMs } = end.reason;
      expect({ code, retryAfterMs }).toEqual({ code: 'QUOTA_EXCEEDED', retryAfterMs: 1_000 });
      expect(message).toMatch(/48 tokens.*day's 100 .* 4 left.*lower `maxTokens`.*when what is .* running has ended/);
    }
  });

  test('what is used comes back with the next day', async () => {
    const { generations } = given.store;
    const { generation } = await generations.submit(ofDay(100, 96));
    await generations.settle(generation.id, ended(90, 6));
    await expect(generations.submit(ofDay(100, 5))).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      retryAfterMs: 14 * hour,
      message: expect.stringMatching(/day's 100 .* 4 left.*come back at 2026-11-23T00:00/),
    });
  });

  test('the very last token may be taken', async () => {
    const { generations } = given.store;
    await generations.submit(ofDay(100, 60));
    await generations.submit(ofDay(100, 40));
    await expect(generations.submit(ofDay(100, 1))).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
  });

  test('the end gives the reservation back and takes what was used, once, however it ended', async () => {
    const { generations } = given.store;
    const { generation } = await generations.submit(ofDay(100, 90));
    const settle = () => generations.settle(generation.id, { ...ended(null, 7), status: 'CANCELLED' });
    await Promise.all([settle(), settle(), settle()]);
    expect(await accountOf(ann.id)).toMatchObject({ day: { used: 7, reserved: 0 } });
    await expect(generations.submit(ofDay(100, 94))).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    const next = await generations.submit(ofDay(100, 93));
    await generations.settle(next.generation.id, { ...ended(20, 30), status: 'FAILED' });
    expect(await accountOf(ann.id)).toEqual({ day: { used: 57, reserved: 0 }, month: { used: 57, reserved: 0 } });
  });

  test.each([
    ['completed, by a backend that does not tell', {}, 37],
    ['cancelled, once an attempt had begun', { status: 'CANCELLED', firstTokenAt: null }, 37],
    ['cancelled in the queue', { status: 'CANCELLED', attempts: 0, firstTokenAt: null }, 7],
    ['failed after its first token', { status: 'FAILED' }, 37],
    ['failed before', { status: 'FAILED', firstTokenAt: null }, 7],
    ['completed, by a backend that tells', { usage: { promptTokens: 20, completionTokens: 7 } }, 27],
  ] as const)('a prompt of which nobody has told the tokens is taken as estimated: %s', async (_how, how, used) => {
    const { generations, usage } = given.store;
    const { generation } = await generations.submit(ofDay(100, 90, { promptEstimate: 30 }));
    await generations.settle(generation.id, { ...ended(null, 7), ...how });
    expect(await accountOf(ann.id)).toEqual({ day: { used, reserved: 0 }, month: { used, reserved: 0 } });
    const told = { promptTokens: 'usage' in how ? 20 : 0, completionTokens: 7 };
    expect((await usage.byDay([ann.id], now)).get(ann.id)).toMatchObject([told]);
    expect((await usage.totals([ann.id])).get(ann.id)).toMatchObject(told);
  });

  test('submits and ends at the same time never let more be taken than there is', async () => {
    const { generations } = given.store;
    let accepted = 0;
    const one = async () => {
      const made = await generations.submit(ofDay(300, 10)).catch(({ code }: { code: string }) => code);
      if (typeof made === 'string') return made;
      accepted++;
      await generations.settle(made.generation.id, ended(1, 9));
      return 'ended';
    };
    const ends = await Promise.all(Array.from({ length: 60 }, one));
    // Whatever ended took all that it had reserved: at no moment is there room for more than thirty.
    expect({ accepted, codes: new Set(ends) }).toEqual({ accepted: 30, codes: new Set(['ended', 'QUOTA_EXCEEDED']) });
    expect(await accountOf(ann.id)).toMatchObject({ day: { used: 300, reserved: 0 } });
  });

  test('a repetition with the same key reserves nothing, and is answered also when nothing is left', async () => {
    const { generations } = given.store;
    const first = await generations.submit(ofDay(10, 10, { key: 'k' }));
    const again = await generations.submit(ofDay(10, 10, { key: 'k' }));
    expect(again).toMatchObject({ created: false, generation: { id: first.generation.id } });
    expect(await accountOf(ann.id)).toMatchObject({ day: { reserved: 10 } });
  });

  test('what was refused leaves nothing behind, and its key stays free', async () => {
    const { generations } = given.store;
    await expect(generations.submit(ofDay(10, 11, { key: 'k' }))).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      retryAfterMs: undefined,
      message: expect.stringContaining('10 are allowed in one day'),
    });
    expect(await accountOf(ann.id)).toBeUndefined();
    expect(await generations.submit(ofDay(10, 9, { key: 'k' }))).toMatchObject({ created: true });
  });

  test('a day begins at midnight in UTC, and what was accepted before it belongs to the day before', async () => {
    const { generations } = given.store;
    const midnight = now + 14 * hour;
    const late = await generations.submit(ofDay(100, 100, { createdAt: midnight - 1 }));
    await expect(generations.submit(ofDay(100, 1, { createdAt: midnight - 1 }))).rejects.toMatchObject({
      retryAfterMs: 1,
    });
    await generations.submit(ofDay(100, 100, { createdAt: midnight }));
    await generations.settle(late.generation.id, { ...ended(50, 50), endedAt: midnight + hour });
    expect(await accountOf(ann.id, midnight)).toEqual({
      day: { used: 0, reserved: 100 },
      month: { used: 100, reserved: 100 },
    });
    expect(await accountOf(ann.id, midnight - 1)).toMatchObject({ day: { used: 100, reserved: 0 } });
  });

  test('a month is a calendar month', async () => {
    const { generations } = given.store;
    const ofMonth = (createdAt: number) =>
      draft({ createdAt, account: { tokensPerDay: 80, tokensPerMonth: 100 }, reservedTokens: 40 });
    const december = Date.UTC(2026, 11, 1);
    for (const at of [now - 2 * day, now - day]) {
      const { generation } = await generations.submit(ofMonth(at));
      await generations.settle(generation.id, ended(10, 30));
    }
    await expect(generations.submit(ofMonth(now))).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      retryAfterMs: december - now,
      message: expect.stringContaining('2026-12-01T00:00'),
    });
    expect(await generations.submit(ofMonth(december))).toMatchObject({ created: true });
  });

  test('a key with limits of its own takes nothing from the viewer, nor the reverse; no other viewer is held back', async () => {
    const { generations } = given.store;
    const key = { account: { id: 'key_1', tokensPerDay: 50 } };
    const made = await generations.submit(ofDay(100, 50, key));
    await expect(generations.submit(ofDay(100, 1, key))).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    await generations.submit(ofDay(100, 100));
    await generations.submit(ofDay(100, 100, { viewerId: bob.id }));
    await generations.settle(made.generation.id, ended(3, 4));
    expect(await accountOf('key_1')).toMatchObject({ day: { used: 7, reserved: 0 } });
    expect(await accountOf(ann.id)).toMatchObject({ day: { used: 0, reserved: 100 } });
    expect((await given.store.usage.byDay([ann.id], now)).get(ann.id)).toMatchObject([{ promptTokens: 3 }]);
  });

  test('as many are queued and running at once as may be, whatever account they count against', async () => {
    const { generations } = given.store;
    const drafts = Array.from({ length: 20 }, (_, i) =>
      draft({ generationsAtOnce: 2, ...(i % 2 && { account: { id: 'key_1' } }) }),
    );
    const ends = await Promise.allSettled(drafts.map((each) => generations.submit(each)));
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    const refused = ends.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
    expect(refused.reason).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterMs: 1_000,
      message: expect.stringMatching(/^2 .*or cancel one/),
    });
    const [first] = await generations.unsettled();
    await generations.start(first?.id ?? '', 1, now);
    await expect(generations.submit(draft({ generationsAtOnce: 2 }))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await generations.settle(first?.id ?? '', outcome());
    expect(await generations.submit(draft({ generationsAtOnce: 2 }))).toMatchObject({ created: true });
    expect((await given.store.usage.standings([ann.id], now)).get(ann.id)?.open).toBe(2);
  });

  test('messages, their ends and limits at the same time block nobody', async () => {
    const { store } = given;
    const conversations = await Promise.all(Array.from({ length: 4 }, () => createConversation(store)));
    const talk = async (n: number) => {
      for (let i = 0; i < 10; i++) {
        const { id = '' } = conversations[(n + i) % 4] ?? {};
        const limits = { createdAt: now, generationsAtOnce: 100, account: { tokensPerDay: 1e6 }, reservedTokens: 9 };
        const sent = await store.generations.submit(replyDraft(id, 'Hello', limits)).catch((error) => {
          expect(error).toMatchObject({ code: 'CONFLICT' });
        });
        if (sent) await store.generations.settle(sent.generation.id, ended(1, 2));
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, n) => talk(n)));
    const { generations } = (await store.usage.totals([ann.id])).get(ann.id) ?? { generations: 0 };
    expect(generations).toBeGreaterThan(0);
    expect(await accountOf(ann.id)).toMatchObject({ day: { used: 3 * generations, reserved: 0 } });
  });
}
