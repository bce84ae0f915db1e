import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import type { Entry } from '../../src/domain/entry.ts';
import { type Log, type LogMessage, logTopic } from '../../src/log/log.ts';

export const queued: Entry = { type: 'queued', at: 1 };
export const started = (attempt: number, keptLength = 0): Entry => {
  return { type: 'attemptStarted', at: 2, attempt, backend: 'b', keptLength, keptTokens: 0 };
};
export const text = (position: number, text: string): Entry => ({
  type: 'textAppended',
  at: 3,
  position,
  text,
  tokens: 1,
});
export const ended: Entry = {
  ...{ type: 'ended', at: 4, status: 'COMPLETED', finishReason: 'STOP', error: null },
  usage: { promptTokens: 1, completionTokens: 2 },
};

export interface OpenLog {
  readonly log: Log;
  /** The bus that the log publishes on. */
  readonly bus: Bus;
  close(): Promise<void>;
}

/** What every Log promises. `open` gives one with nothing in it; `close` lets go of it and of its data. */
export function logContract(name: string, open: () => Promise<OpenLog>): void {
  describe(name, () => {
    let opened: OpenLog;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());

    const read = async (id: string, after = 0) => (await opened.log.read(new Map([[id, after]]))).get(id);
    const refusal = (reason: string) => expect.objectContaining({ name: 'AppendRefused', reason });

    test('gives back what was appended, in order, from any offset', async () => {
      const { log } = opened;
      await log.append('gen_1', 0, [queued]);
      await log.append('gen_1', 0, [started(1)]);
      await log.append('gen_1', 1, [text(0, 'Call'), text(4, ' me 🐋')]);
      await log.append('gen_1', 1, [ended]);
      const whole = [queued, started(1), text(0, 'Call'), text(4, ' me 🐋'), ended];
      expect((await read('gen_1'))?.entries).toEqual(whole);
      for (let after = 0; after <= whole.length; after++) {
        expect(await read('gen_1', after)).toMatchObject({ after, entries: whole.slice(after), more: false });
      }
    });

    test('the head tells where a log stands', async () => {
      const { log } = opened;
      await log.append('gen_1', 0, [queued]);
      await log.append('gen_2', 0, [queued]);
      await log.append('gen_2', 0, [started(1)]);
      await log.append('gen_2', 1, [text(0, 'a'), ended]);
      const heads = await log.heads(['gen_1', 'gen_2', 'gen_3']);
      const first = { offset: 1, attempt: 0, startedAt: null, firstTokenAt: null, ended: null };
      expect(heads.get('gen_1')).toMatchObject(first);
      expect(heads.get('gen_2')).toMatchObject({ offset: 4, attempt: 1, startedAt: 2, firstTokenAt: 3, ended });
      expect(heads.has('gen_3')).toBe(false);
    });

    test('publishes what was written, after it was written', async () => {
      const { log, bus } = opened;
      const heard: { message: LogMessage; written: Promise<unknown> }[] = [];
      await bus.subscribe(logTopic('gen_1'), (message) => {
        heard.push({ message: message as LogMessage, written: read('gen_1', 0) });
      });
      await log.append('gen_1', 0, [queued]);
      await log.append('gen_1', 0, [started(1), text(0, 'a')]);
      await vi.waitFor(() => expect(heard).toHaveLength(2));
      expect(heard.map(({ message }) => [message.after, message.entries])).toEqual([
        [0, [queued]],
        [1, [started(1), text(0, 'a')]],
      ]);
      for (const { message, written } of heard) {
        const { entries } = (await written) as LogMessage;
        expect(entries.length).toBeGreaterThanOrEqual(message.after + message.entries.length);
        expect(message.epoch).toBe((await log.heads(['gen_1'])).get('gen_1')?.epoch);
      }
    });

    test('creating a log twice changes nothing', async () => {
      await opened.log.append('gen_1', 0, [queued]);
      await opened.log.append('gen_1', 0, [started(1)]);
      await opened.log.append('gen_1', 0, [{ ...queued, at: 99 }]);
      expect((await read('gen_1'))?.entries).toEqual([queued, started(1)]);
    });

    test('refuses an older attempt, also one that wants to begin', async () => {
      const { log } = opened;
      await log.append('gen_1', 0, [queued]);
      await log.append('gen_1', 0, [started(1)]);
      await log.append('gen_1', 1, [started(2)]);
      await expect(log.append('gen_1', 1, [text(0, 'late')])).rejects.toEqual(refusal('superseded'));
      await expect(log.append('gen_1', 1, [started(2)])).rejects.toEqual(refusal('superseded'));
      await expect(log.append('gen_1', 1, [ended])).rejects.toEqual(refusal('superseded'));
      expect((await read('gen_1'))?.entries).toEqual([queued, started(1), started(2)]);
    });

    test('of two that start the same attempt at once, one does', async () => {
      const { log } = opened;
      await log.append('gen_1', 0, [queued]);
      const tries = await Promise.allSettled([1, 2, 3].map(() => log.append('gen_1', 0, [started(1)])));
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect((await read('gen_1'))?.entries).toHaveLength(2);
    });

    test('takes nothing after the end, and has just one end', async () => {
      const { log } = opened;
      await log.append('gen_1', 0, [queued]);
      await log.append('gen_1', 0, [started(1)]);
      const ends = await Promise.allSettled([log.append('gen_1', 1, [ended]), log.append('gen_1', 1, [ended])]);
      expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      await expect(log.append('gen_1', 1, [text(0, 'x')])).rejects.toEqual(refusal('ended'));
      await expect(log.append('gen_1', 1, [started(2)])).rejects.toEqual(refusal('ended'));
      expect((await read('gen_1'))?.entries).toEqual([queued, started(1), ended]);
    });

    test('refuses to write where the log does not end just where it is expected to, also in a log of another epoch', async () => {
      const { log } = opened;
      await log.append('gen_1', 0, [queued]);
      await log.append('gen_1', 0, [started(1)]);
      const { epoch } = (await log.heads(['gen_1'])).get('gen_1') ?? { epoch: '' };
      await expect(log.append('gen_1', 1, [ended], { epoch, offset: 1 })).rejects.toEqual(refusal('superseded'));
      await expect(log.append('gen_1', 1, [ended], { epoch: 'x', offset: 2 })).rejects.toEqual(refusal('superseded'));
      await log.append('gen_1', 1, [ended], { epoch, offset: 2 });
    });

    test('one that has lost its end says so to whoever wrote that, and has another epoch from then on', async () => {
      const { log } = opened;
      await log.append('gen_1', 0, [queued]);
      await log.append('gen_1', 0, [started(1)]);
      const epochNow = async () => (await log.heads(['gen_1'])).get('gen_1')?.epoch ?? '';
      const epochs = [await epochNow()];
      const longer = (attempt: number, entries: Entry[]) =>
        log.append('gen_1', attempt, entries, { epoch: epochs.at(-1) ?? '', offset: 9 });
      // Of these the last one has lost the beginning of its attempt too.
      for (const [attempt, entries] of [
        [1, [text(0, 'a')]],
        [1, [started(2)]],
        [1, []],
        [2, [text(0, 'a')]],
      ] as const) {
        await expect(longer(attempt, [...entries])).rejects.toEqual(refusal('shortened'));
        await expect(longer(attempt, [...entries])).rejects.toEqual(refusal('superseded'));
        epochs.push(await epochNow());
      }
      expect(new Set(epochs).size).toBe(5);
      await log.append('gen_1', 1, [started(3)]);
      for (const entries of [[text(0, 'a')], [started(2)], [ended], []]) {
        await expect(longer(1, entries)).rejects.toEqual(refusal('superseded'));
      }
      expect(await read('gen_1')).toMatchObject({ epoch: epochs.at(-1), entries: [queued, started(1), started(3)] });
    });

    test('refuses to write to a log that does not exist, and reads nothing of it', async () => {
      await expect(opened.log.append('gen_1', 0, [started(1)])).rejects.toEqual(refusal('missing'));
      expect(await read('gen_1')).toBeUndefined();
    });

    test('a refusal does not touch what is written at the same time', async () => {
      const { log } = opened;
      await log.append('gen_1', 0, [queued]);
      const results = await Promise.allSettled([
        log.append('gen_1', 0, [started(1)]),
        log.append('gen_1', 0, [text(0, 'too early')]),
        log.append('gen_1', 1, [text(0, 'in time')]),
        log.append('gen_2', 5, [text(0, 'nowhere')]),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
      expect((await read('gen_1'))?.entries).toEqual([queued, started(1), text(0, 'in time')]);
    });

    test('a retired log is gone, and one that is begun anew has another epoch', async () => {
      const { log } = opened;
      await log.append('gen_1', 0, [queued]);
      const before = await read('gen_1');
      await log.retire('gen_1', 0);
      expect(await read('gen_1')).toBeUndefined();
      await log.append('gen_1', 0, [queued]);
      const after = await read('gen_1');
      expect(after?.entries).toEqual([queued]);
      expect(after?.epoch).not.toBe(before?.epoch);
    });

    test('reads a long log in parts, several logs at once', async () => {
      const { log } = opened;
      const long = 'x'.repeat(100_000);
      for (const id of ['gen_1', 'gen_2', 'gen_3']) {
        await log.append(id, 0, [queued]);
        await log.append(id, 0, [started(1)]);
      }
      for (let i = 0; i < 45; i++) await log.append('gen_2', 1, [text(i * long.length, long)]);
      const offsets = new Map([...['gen_1', 'gen_2', 'gen_3'].map((id) => [id, 0] as const)]);
      const slices = await log.read(offsets);
      expect(slices.get('gen_1')).toMatchObject({ entries: [queued, started(1)], more: false });
      expect(slices.get('gen_3')).toMatchObject({ entries: [queued, started(1)], more: false });
      const entries = [...(slices.get('gen_2')?.entries ?? [])];
      expect(slices.get('gen_2')?.more).toBe(true);
      for (let more = true; more; ) {
        const slice = await read('gen_2', entries.length);
        entries.push(...(slice?.entries ?? []));
        more = slice?.more ?? false;
      }
      expect(entries).toHaveLength(47);
    });
  });
}
