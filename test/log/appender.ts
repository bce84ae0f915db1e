/** Appends to ten logs at once until it is killed; prints the log and the offset of each append that was acknowledged. */
import { writeSync } from 'node:fs';
import { memoryBus } from '../../src/bus/memory.ts';
import { SqliteLog } from '../../src/log/sqlite.ts';

const [path = ''] = process.argv.slice(2);
const log = new SqliteLog({ path, bus: memoryBus() });

async function writeOne(id: string): Promise<void> {
  await log.append(id, null, [
    { type: 'queued', at: 1 },
    { type: 'attemptStarted', at: 2, attempt: 1, backend: 'b', keptLength: 0, keptTokens: 0 },
  ]);
  for (let at = 0; ; at += 2) {
    const two = [at, at + 1].map((position) => {
      return { type: 'textAppended', at: 3, position, text: 'x', tokens: 1 } as const;
    });
    const head = (await log.heads([id])).get(id) ?? null;
    await log.append(id, head, two);
    writeSync(1, `${id} ${at + 4}\n`);
  }
}

await Promise.all(Array.from({ length: 10 }, (_, index) => writeOne(`gen_${index}`)));
