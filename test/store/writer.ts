/** Sends messages and settles their replies until it is killed; prints the id of each generation once it is settled. */
import { writeSync } from 'node:fs';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { ann, createConversation, outcome, replyDraft } from '../contract/store/fixtures.ts';

const [file = ''] = process.argv.slice(2);
const store = await openSqliteStore(file);
await store.viewers.put(ann);
const { id } = await createConversation(store);
for (;;) {
  const { generation } = await store.generations.submit(replyDraft(id));
  await store.generations.settle(generation.id, outcome());
  writeSync(1, `${generation.id}\n`);
}
