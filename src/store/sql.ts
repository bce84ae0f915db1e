import type { Kysely } from 'kysely';
import { sqlAudit } from './audit.ts';
import { sqlConversations } from './conversations.ts';
import { type Lightly, sqlGenerations } from './generations.ts';
import { sqlKeys } from './keys.ts';
import { sqlLinks } from './links.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';
import { sqlUsage } from './usage.ts';
import { sqlViewers } from './viewers.ts';

/**
 * The records by SQL that SQLite and Postgres both understand. The database is migrated, and is closed by the store.
 * @param lightly runs a write that may be lost where the machine loses its power, with less waiting for the disk
 */
export function sqlStore(db: Kysely<Tables>, lightly: Lightly = (write) => write(db)): Store {
  return {
    generations: sqlGenerations(db, lightly),
    conversations: sqlConversations(db),
    viewers: sqlViewers(db),
    usage: sqlUsage(db),
    links: sqlLinks(db),
    keys: sqlKeys(db),
    audit: sqlAudit(db),
    check: async () => {
      await db.selectFrom('viewers').select('id').limit(1).execute();
    },
    close: () => db.destroy(),
  };
}
