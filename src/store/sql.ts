import type { Kysely } from 'kysely';
import { sqlAudit } from './audit.ts';
import { sqlConversations } from './conversations.ts';
import { sqlGenerations } from './generations.ts';
import { sqlKeys } from './keys.ts';
import { sqlLinks } from './links.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';
import { sqlUsage } from './usage.ts';
import { sqlViewers } from './viewers.ts';

/** The records by SQL that SQLite and Postgres both understand. The database is migrated, and is closed by the store. */
export function sqlStore(db: Kysely<Tables>): Store {
  return {
    generations: sqlGenerations(db),
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
