import { badInput } from './errors.ts';

/** A reader's place in a log: it has all entries up to `offset`, and with them `length` code units of text. */
export interface Position {
  /** Which log: one that was lost and begun anew has another epoch. */
  readonly epoch: string;
  readonly offset: number;
  readonly length: number;
}

/** Before the first entry of a log. */
export const beginning = (epoch: string): Position => ({ epoch, offset: 0, length: 0 });

/** The opaque form of a position, as clients keep it. */
export function encodeCursor(generationId: string, { epoch, offset, length }: Position): string {
  return Buffer.from(`${generationId}.${epoch}.${offset}.${length}`).toString('base64url');
}

/** @throws MillraceError `BAD_USER_INPUT` where it is no cursor, or another generation's. */
export function decodeCursor(generationId: string, cursor: string): Position {
  const match = /^(gen_[^.]+)\.([^.]+)\.(\d{1,15})\.(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString());
  const [, id, epoch, offset, length] = match ?? [];
  if (!id || !epoch)
    throw badInput('`after` is not a cursor. Pass one that this generation gave you, or leave it out.');
  if (id !== generationId) throw badInput('`after` is a cursor of another generation.');
  return { epoch, offset: Number(offset), length: Number(length) };
}
