import { join } from 'node:path';
import { memoryBus } from '../../src/bus/memory.ts';
import { SqliteLog } from '../../src/log/sqlite.ts';
import { logContract } from '../contract/log.ts';
import { temporaryFolder } from '../folder.ts';

logContract('SqliteLog', async () => {
  const folder = temporaryFolder();
  const bus = memoryBus();
  const log = new SqliteLog({ path: join(folder.path, 'log.db'), bus });
  return {
    log,
    bus,
    async close() {
      log.close();
      folder.remove();
    },
  };
});
