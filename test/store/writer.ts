/**
 * Sends messages and settles their replies until it is killed; prints the id of each generation once it is settled.
 * With a second argument it kills itself after so many statements of that.
 */
import { writeSync } from 'node:fs';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { ann, createConversation, outcome, replyDraft } from '../contract/store/fixtures.ts';

const [file = '', lastStatement = 'none'] = process.argv.slice(2);
let statements = Number.NaN;
const store = await openSqliteStore(file, {
  onQuery: () => {
    if (++statements === Number(lastStatement)) process.kill(process.pid, 'SIGKILL');
  },
});
await store.viewers.put(ann);
const { id } = await createConversation(store);
statements = 0;
for (;;) {
  const { generation } = await store.generations.submit(replyDraft(id));
  await store.generations.settle(generation.id, outcome());
  writeSync(1, `${generation.id}\n`);
}
