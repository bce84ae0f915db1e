/** Microseconds of the system's steady clock, which all processes of a machine share. */
export const microseconds = (): number => origin + Math.floor(performance.now() * 1000);

const origin = Number(process.hrtime.bigint() / 1000n) - Math.floor(performance.now() * 1000);

/** How many characters a stamped token has. */
export const stampLength = 7;
const range = 36 ** (stampLength - 1);

/** A word that tells when it was written, to the microsecond, within 36 minutes. */
export const stamped = (at: number): string => ` ${(at % range).toString(36).padStart(stampLength - 1, '0')}`;

/** How many microseconds ago the token that stands at `start` was written. */
export function ageOf(text: string, start: number, now: number): number {
  const written = Number.parseInt(text.slice(start + 1, start + stampLength), 36);
  const age = ((now % range) - written + range) % range;
  // The clocks of two processes may be a little apart.
  return age > range / 2 ? age - range : age;
}
