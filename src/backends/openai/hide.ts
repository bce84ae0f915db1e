const window = 16;
const step = 4;
const quoted = 1 << 15;

/**
 * `message` without what it repeats of the secrets. Servers quote a request that they refuse, whole, cut or escaped:
 * so every stretch of 20 characters that stands in a secret too becomes `…`, and every short secret that stands in it.
 */
export function hide(message: string, secrets: readonly string[]): string {
  // A longer message is cut anyway; this bounds the search.
  let text = message.slice(0, 1000);
  const forms = secrets
    .flatMap(ends)
    .flatMap((each) => [each, JSON.stringify(each).slice(1, -1)])
    .filter(({ length }) => length > 3);
  for (const form of forms) text = text.replaceAll(form, '…');
  for (let at = 0; at + window <= text.length; at += step) {
    for (const form of forms) {
      const found = form.indexOf(text.slice(at, at + window));
      if (found < 0) continue;
      const [start, end] = stretch(text, at, form, found);
      text = `${text.slice(0, start)}…${text.slice(end)}`;
      at = start;
    }
  }
  return text;
}

/** What a server may quote of a secret without taking seconds to be looked for: all of it, or its beginning and its end. */
const ends = (secret: string): string[] =>
  secret.length <= 2 * quoted ? [secret] : [secret.slice(0, quoted), secret.slice(-quoted)];

/** How far text and secret agree around the places where they are known to. */
function stretch(text: string, at: number, secret: string, found: number): [number, number] {
  let before = 0;
  while (before < Math.min(at, found) && text[at - before - 1] === secret[found - before - 1]) before++;
  let length = window;
  while (at + length < text.length && text[at + length] === secret[found + length]) length++;
  return [at - before, at + length];
}
