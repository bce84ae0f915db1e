/**
 * Whether every database, Redis and JSON give a text back as it is. Postgres has no room for U+0000, and halves of surrogate
 * pairs are no characters: UTF-8 can't say them.
 */
export const isKeepable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');

/** The same text, or one of the same length with U+FFFD in the place of what can't be kept. */
export const keepable = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD');
