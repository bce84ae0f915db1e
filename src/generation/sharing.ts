import type { Bus } from '../bus/bus.ts';
import type { Conversation, Viewer } from '../domain/conversation.ts';
import { badInput, conflict, MillraceError, notFound } from '../domain/errors.ts';
import type { Generation } from '../domain/generation.ts';
import { idPrefix, newId } from '../domain/ids.ts';
import { hashSecret, newLinkToken } from '../domain/secret.ts';
import { maxLinks } from '../domain/sharing.ts';
import type { Log } from '../log/log.ts';
import type { Store } from '../store/store.ts';
import { tellSharing } from './changes.ts';
import { changeableConversation, changeableGeneration } from './find.ts';
import type { Sharing } from './generation.ts';
import { readCurrent } from './read.ts';

interface SharingDeps {
  readonly store: Store;
  readonly log: Log;
  readonly bus: Bus;
  readonly now?: () => number;
}

/** The verbs of sharing on one set of parts. */
export function createSharing({ store, log, bus, now = Date.now }: SharingDeps): Sharing {
  const changeable = (viewer: Viewer, id: string): Promise<Generation | Conversation> => {
    switch (idPrefix(id)) {
      case 'gen':
        return changeableGeneration(store, viewer, id);
      case 'conv':
        return changeableConversation(store, viewer, id);
      default:
        throw badInput(`${JSON.stringify(id)} is the id of neither a generation nor a conversation.`);
    }
  };

  return {
    async setVisibility(viewer, id, visibility) {
      const found = await changeable(viewer, id);
      const records = 'modelId' in found ? store.generations : store.conversations;
      const changed = await records.setVisibility(id, visibility);
      if (!changed) throw notFound(id);
      await tellSharing(bus, id);
      return 'modelId' in changed ? ((await readCurrent(log, [changed]))[0] ?? changed) : changed;
    },

    async createLink(viewer, id, expiresAt) {
      await changeable(viewer, id);
      const at = now();
      if (expiresAt !== null && expiresAt <= at) throw badInput('`expiresAt` has passed: give a time to come.');
      const token = newLinkToken();
      const link = { id: newId('link'), targetId: id, createdAt: at, expiresAt, revokedAt: null };
      const created = await store.links.create(link, hashSecret(token), maxLinks);
      if (!created) throw conflict(`${id} has ${maxLinks} links already: revoke one that nobody needs.`);
      return { link, token };
    },

    async revokeLink(viewer, id) {
      const missing = notFound(`The link ${id}`);
      const [link] = await store.links.byIds([id]);
      if (!link) throw missing;
      // Who may not change what it leads to is not to learn that there is a link.
      await changeable(viewer, link.targetId).catch((error: unknown) => {
        throw error instanceof MillraceError && hiding.includes(error.code) ? missing : error;
      });
      const revoked = await store.links.revoke(id, now());
      if (!revoked) throw missing;
      return revoked;
    },
  };
}

const hiding = ['NOT_FOUND', 'FORBIDDEN'];
