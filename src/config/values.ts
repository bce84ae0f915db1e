import { z } from 'zod';
import { didYouMean } from '../spelling.ts';

const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** What a timer can hold; a longer one would fire at once. */
const longest = 2 ** 31 - 1;

/** A text that is not empty. */
export const text = () => z.string().min(1, 'must not be empty');

/** A whole number from `least`; digits in quotes too, since `${NAME}` gives text. */
export const wholeNumber = (least = 1) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
    z.int(`must be a whole number, ${least} or more`).min(least, `must be a whole number, ${least} or more`),
  );

/** Yes or no; in quotes too. */
export const flag = () =>
  z.preprocess(
    (value) => (value === 'true' || value === 'false' ? value === 'true' : value),
    z.boolean('must be true or false'),
  );

/** How many milliseconds `500ms`, `60s`, `5m` or `1h` are; NaN for any other text. */
export function inMilliseconds(text: string): number {
  const [, digits, unit = ''] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
  return Number(digits) * (milliseconds[unit] ?? Number.NaN);
}

/** A length of time such as `500ms`, `60s`, `5m`, `1h`; in milliseconds when read. */
export const duration = (byDefault: string) =>
  z
    .string('must be a length of time with its unit, such as 500ms, 60s, 5m or 1h')
    .transform((value, context) => {
      const length = inMilliseconds(value);
      const message = Number.isNaN(length)
        ? 'must be a length of time with its unit, such as 500ms, 60s, 5m or 1h'
        : length === 0
          ? 'must be longer than nothing'
          : `must be at most ${Math.floor(longest / 3_600_000)}h`;
      if (!(length > 0 && length <= longest)) context.addIssue({ code: 'custom', message });
      return length;
    })
    .prefault(byDefault);

const sizes: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** A size such as `512KiB` or `8MiB`; in bytes when read. */
export const bytes = (byDefault: string) =>
  z
    .string('must be a size with its unit, such as 512KiB or 8MiB')
    .transform((value, context) => {
      const [, digits, unit = ''] = /^(\d+)(B|KiB|MiB|GiB)$/.exec(value) ?? [];
      const size = Number(digits) * (sizes[unit] ?? Number.NaN);
      const message = 'must be a size with its unit, such as 512KiB or 8MiB, from 1KiB to 1GiB';
      if (!(size >= 2 ** 10 && size <= 2 ** 30)) context.addIssue({ code: 'custom', message });
      return size;
    })
    .prefault(byDefault);

/** A map of these keys and no others. */
export function section<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  const unknownKey = z.custom<never>(() => false, {
    error: ({ path }) => `unknown key.${didYouMean(String(path?.at(-1)), known) || ` Known: ${known.join(', ')}`}`,
  });
  // As strict as strictObject, which would report all unknown keys in one issue at the place of the map.
  return z.object(shape).catchall(unknownKey) as unknown as z.ZodObject<Shape, z.core.$strict>;
}

const names: Readonly<Record<string, string>> = { string: 'text', object: 'a map', array: 'a list', record: 'a map' };

/** zod's own complaints in the words of the yaml file. */
export function wording(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'invalid_type') return undefined;
  if (issue.input === undefined) return 'is missing';
  if (issue.input === null) return 'has no value: give it one, or take it out';
  const expected = names[issue.expected] ?? `a ${issue.expected}`;
  const quoted = issue.expected === 'string' && typeof issue.input !== 'object' ? ': put it in quotes' : '';
  return `must be ${expected}${quoted}`;
}
