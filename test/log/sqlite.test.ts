import { join } from 'node:path';
import { SqliteLog } from '../../src/log/sqlite.ts';
import { logContract } from '../contract/log.ts';
import { temporaryFolder } from '../folder.ts';

logContract('SqliteLog', async (bus) => {
  const folder = temporaryFolder();
  const log = new SqliteLog({ path: join(folder.path, 'log.db'), bus });
  return {
    log,
    async close() {
      log.close();
      folder.remove();
    },
  };
});
