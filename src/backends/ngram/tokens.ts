/**
 * A word with its leading space or apostrophe, a run of newlines, one other sign with its leading space, one blank.
 *
 * Where a token ends depends on the one character after it, never on more. So tokens that stand side by side somewhere
 * in the corpus are the same tokens wherever they are put side by side again, and a token that is cut short is one
 * token still. Both hold up the promise that a text can be cut into the tokens that it was made of.
 */
const TOKEN = / ?['’]?[\p{L}\p{M}\p{N}-]+|\n+| ?[^\s]|\s/gu;

/** The tokens of a text, in order; joined they are the text again. */
export const tokenise = (text: string): string[] => text.match(TOKEN) ?? [];

/** Whether a token is nothing but white space. */
export const isBlank = (token: string): boolean => token.trim() === '';
