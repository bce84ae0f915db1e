import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import type { Entry } from '../../src/domain/entry.ts';
import { type Head, type Log, type LogMessage, logTopic, turnsTopic } from '../../src/log/log.ts';

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

/** Where a log stands, which there is. */
export async function headOf(log: Log, id: string): Promise<Head> {
  const head = (await log.heads([id])).get(id);
  if (!head) throw new Error(`There is no log of ${id}.`);
  return head;
}

/** Appends at the end of a log, wherever that is. */
export const appendTo = async (log: Log, id: string, entries: readonly Entry[]): Promise<void> =>
  log.append(id, await headOf(log, id), entries);

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
      await log.append('gen_1', null, [queued]);
      await appendTo(log, 'gen_1', [started(1)]);
      await appendTo(log, 'gen_1', [text(0, 'Call'), text(4, ' me 🐋')]);
      await appendTo(log, 'gen_1', [ended]);
      const whole = [queued, started(1), text(0, 'Call'), text(4, ' me 🐋'), ended];
      expect((await read('gen_1'))?.entries).toEqual(whole);
      for (let after = 0; after <= whole.length; after++) {
        expect(await read('gen_1', after)).toMatchObject({ after, entries: whole.slice(after), more: false });
      }
    });

    test('the head tells where a log stands', async () => {
      const { log } = opened;
      await log.append('gen_1', null, [queued]);
      await log.append('gen_2', null, [queued]);
      await appendTo(log, 'gen_2', [started(1)]);
      await appendTo(log, 'gen_2', [text(0, 'a'), ended]);
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
      await log.append('gen_1', null, [queued]);
      await appendTo(log, 'gen_1', [started(1), text(0, 'a')]);
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

    test('publishes what is not text alone on a topic of its own too', async () => {
      const { log, bus } = opened;
      const heard: [string, LogMessage][] = [];
      for (const topic of [logTopic('gen_1'), turnsTopic('gen_1')])
        await bus.subscribe(topic, (message) => heard.push([topic, message as LogMessage]));
      await log.append('gen_1', null, [queued]);
      await appendTo(log, 'gen_1', [started(1)]);
      await appendTo(log, 'gen_1', [text(0, 'a')]);
      await appendTo(log, 'gen_1', [text(1, 'b'), ended]);
      await vi.waitFor(() => expect(heard).toHaveLength(7));
      const on = (asked: string) => heard.flatMap(([topic, message]) => (topic === asked ? [message] : []));
      const all = on(logTopic('gen_1'));
      expect(all.map(({ after }) => after)).toEqual([0, 1, 2, 3]);
      expect(on(turnsTopic('gen_1'))).toEqual([all[0], all[1], all[3]]);
    });

    test('creating a log twice changes nothing', async () => {
      await opened.log.append('gen_1', null, [queued]);
      await appendTo(opened.log, 'gen_1', [started(1)]);
      await opened.log.append('gen_1', null, [{ ...queued, at: 99 }]);
      expect((await read('gen_1'))?.entries).toEqual([queued, started(1)]);
    });

    test('refuses an older attempt, also one that wants to begin, or whose place fits by chance', async () => {
      const { log } = opened;
      await log.append('gen_1', null, [queued]);
      await appendTo(log, 'gen_1', [started(1)]);
      const before = await headOf(log, 'gen_1');
      await appendTo(log, 'gen_1', [started(2)]);
      const { epoch, offset } = await headOf(log, 'gen_1');
      for (const entries of [[text(0, 'late')], [started(2)], [ended], []]) {
        await expect(log.append('gen_1', before, entries)).rejects.toEqual(refusal('superseded'));
        // As far as one that has lost its end, and was gone on with by somebody else.
        const asFar = { epoch, offset, attempt: 1 };
        await expect(log.append('gen_1', asFar, entries)).rejects.toEqual(refusal('superseded'));
      }
      expect((await read('gen_1'))?.entries).toEqual([queued, started(1), started(2)]);
    });

    test('of two that start the same attempt at once, one does', async () => {
      const { log } = opened;
      await log.append('gen_1', null, [queued]);
      const head = await headOf(log, 'gen_1');
      const tries = await Promise.allSettled([1, 2, 3].map(() => log.append('gen_1', head, [started(1)])));
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect((await read('gen_1'))?.entries).toHaveLength(2);
    });

    test('takes nothing after the end, and has just one end', async () => {
      const { log } = opened;
      await log.append('gen_1', null, [queued]);
      await appendTo(log, 'gen_1', [started(1)]);
      const head = await headOf(log, 'gen_1');
      const ends = await Promise.allSettled([1, 2].map(() => log.append('gen_1', head, [ended])));
      expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      await expect(appendTo(log, 'gen_1', [text(0, 'x')])).rejects.toEqual(refusal('ended'));
      await expect(appendTo(log, 'gen_1', [started(2)])).rejects.toEqual(refusal('ended'));
      expect((await read('gen_1'))?.entries).toEqual([queued, started(1), ended]);
    });

    test('refuses to write where the log does not end just where it is expected to, also in a log of another epoch', async () => {
      const { log } = opened;
      await log.append('gen_1', null, [queued]);
      await appendTo(log, 'gen_1', [started(1)]);
      const head = await headOf(log, 'gen_1');
      for (const other of [{ offset: 1 }, { epoch: 'x' }, { epoch: 'x', offset: 9 }]) {
        await expect(log.append('gen_1', { ...head, ...other }, [ended])).rejects.toEqual(refusal('superseded'));
      }
      await log.append('gen_1', head, []);
      expect(await headOf(log, 'gen_1')).toEqual(head);
      await log.append('gen_1', head, [ended]);
    });

    test('one that has lost its end says so to whoever wrote that, and has another epoch from then on', async () => {
      const { log } = opened;
      await log.append('gen_1', null, [queued]);
      await appendTo(log, 'gen_1', [started(1)]);
      const epochs = new Set<string>();
      // Of these the last one has lost the beginning of its attempt too.
      const longer = [
        [1, [text(0, 'a')]],
        [1, [started(2)]],
        [1, []],
        [2, [text(0, 'a')]],
      ] as const;
      for (const [attempt, entries] of longer) {
        const { epoch } = await headOf(log, 'gen_1');
        epochs.add(epoch);
        const place = { epoch, offset: 9, attempt };
        await expect(log.append('gen_1', place, entries)).rejects.toEqual(refusal('shortened'));
        await expect(log.append('gen_1', place, entries)).rejects.toEqual(refusal('superseded'));
      }
      expect(epochs.size).toBe(4);
      await appendTo(log, 'gen_1', [started(3)]);
      const { epoch } = await headOf(log, 'gen_1');
      for (const entries of [[text(0, 'a')], [started(2)], [ended], []]) {
        const place = { epoch, offset: 9, attempt: 1 };
        await expect(log.append('gen_1', place, entries)).rejects.toEqual(refusal('superseded'));
      }
      expect(await read('gen_1')).toMatchObject({ epoch, entries: [queued, started(1), started(3)] });
    });

    test('refuses to write to a log that does not exist, and reads nothing of it', async () => {
      const place = { epoch: 'x', offset: 1, attempt: 0 };
      await expect(opened.log.append('gen_1', place, [started(1)])).rejects.toEqual(refusal('missing'));
      expect(await read('gen_1')).toBeUndefined();
    });

    test('a refusal does not touch what is written at the same time', async () => {
      const { log } = opened;
      await log.append('gen_1', null, [queued]);
      const head = await headOf(log, 'gen_1');
      const results = await Promise.allSettled([
        log.append('gen_1', head, [started(1)]),
        log.append('gen_1', head, [text(0, 'too late')]),
        log.append('gen_1', { ...head, offset: 2, attempt: 1 }, [text(0, 'in time')]),
        log.append('gen_2', head, [text(0, 'nowhere')]),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
      expect((await read('gen_1'))?.entries).toEqual([queued, started(1), text(0, 'in time')]);
    });

    test('a retired log is gone, and one that is begun anew has another epoch', async () => {
      const { log } = opened;
      await log.append('gen_1', null, [queued]);
      const before = await read('gen_1');
      await log.retire('gen_1', 0);
      expect(await read('gen_1')).toBeUndefined();
      await log.append('gen_1', null, [queued]);
      const after = await read('gen_1');
      expect(after?.entries).toEqual([queued]);
      expect(after?.epoch).not.toBe(before?.epoch);
    });

    test('reads a long log in parts, several logs at once', async () => {
      const { log } = opened;
      const long = 'x'.repeat(100_000);
      for (const id of ['gen_1', 'gen_2', 'gen_3']) {
        await log.append(id, null, [queued]);
        await appendTo(log, id, [started(1)]);
      }
      for (let i = 0; i < 45; i++) await appendTo(log, 'gen_2', [text(i * long.length, long)]);
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
