import { badInput } from '../domain/errors.ts';
import type { Page, PageRequest } from './store.ts';

/** What a list's positions look like once decoded: the row's place in the order, in the groups of the pattern. */
export const positions = {
  generations: /^(gen_\w+)$/,
  messages: /^(msg_\w+)$/,
  keys: /^(key_\w+)$/,
  audit: /^(evt_\w+)$/,
  conversations: /^(\d{1,15}) (conv_\w+)$/,
};

/** The opaque form of a row's place in its list. */
export const encodePosition = (place: string): string => Buffer.from(place).toString('base64url');

/**
 * The parts of a position, by the pattern of its list.
 * @throws MillraceError `BAD_USER_INPUT` where this list never gave such a position.
 */
export function decodePosition(position: string, pattern: RegExp): [string, string] {
  const place = Buffer.from(position, 'base64url').toString();
  const match = encodePosition(place) === position ? pattern.exec(place) : null;
  if (!match) throw badInput('This cursor does not belong to this list: pass one that the list gave.');
  return [match[1] ?? '', match[2] ?? ''];
}

/**
 * Which way to read a list for a page: from its end the rows come in reverse, and `cut` turns them round again.
 * @param order the order of the list itself.
 */
export function readingOrder(page: PageRequest, order: 'asc' | 'desc'): 'asc' | 'desc' {
  if (page.from === 'start') return order;
  return order === 'asc' ? 'desc' : 'asc';
}

/**
 * The page out of up to `limit + 1` rows in reading order: the row too many tells that there are more. A position
 * was given with a row, which lies just outside the page: so it also tells that there is one on its side.
 */
export function cut<Row>(found: readonly Page<Row>['rows'][number][], page: PageRequest): Page<Row> {
  const more = found.length > page.limit;
  const rows = found.slice(0, page.limit);
  if (page.from === 'end') rows.reverse();
  return {
    rows,
    hasNextPage: (page.from === 'start' && more) || page.before !== undefined,
    hasPreviousPage: (page.from === 'end' && more) || page.after !== undefined,
  };
}
