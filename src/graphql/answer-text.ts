import { badInput } from '../domain/errors.ts';

/** UTF-16 code units of all texts of one answer: eight of the longest conversations that the defaults allow. */
export const charactersOfAnswer = 8 << 20;
/** The same of one event of a subscription: every change brings another. */
export const charactersOfEvent = 2 << 20;

/** The texts of one answer. Under other names the same text may be asked for again and again. */
export class AnswerText {
  readonly #most: number;
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** The text, if there is room for it. The first has room however long it is: nothing is too long to be read. @throws MillraceError `BAD_USER_INPUT` */
  take(text: string): string {
    if (this.#taken > 0 && this.#taken + text.length > this.#most) {
      throw badInput(`The texts of the answer have more than ${this.#most} characters. Ask for fewer at once.`);
    }
    this.#taken += text.length;
    return text;
  }
}
