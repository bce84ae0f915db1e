import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type { Environment } from './settings.ts';

type Path = readonly PropertyKey[];

/** What is wrong with the value at `path`. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
}

export interface DocumentReading {
  /** The file as plain values, `${NAME}` replaced; undefined where it can't be read as such. */
  readonly value: unknown;
  /**
   * A line for everything that is wrong with the file: what reading it found, and `findings` about its values,
   * without those at places where a `${NAME}` was not replaced.
   */
  mistakes(findings: readonly Finding[]): string[];
}

/** Reads a yaml file's text; `name` is the file's in the mistakes. */
export function readDocument({ name, text, env }: { name: string; text: string; env: Environment }): DocumentReading {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const unset = substitute(document, env);
  const known = new Set(unset.map(({ path }) => pathText(path)));
  const { value, errors } = plain(document);

  const mistakes = (findings: readonly Finding[]) =>
    [...unset, ...findings.filter(({ path }) => !known.has(pathText(path)))]
      .map(({ path, message }) => ({ path, message, offset: offsetOf(document, path) }))
      .concat(errors.map(({ message, offset }) => ({ path: [], message, offset })))
      .sort((a, b) => a.offset - b.offset)
      .map(({ path, message, offset }) => {
        const { line, col } = lines.linePos(offset);
        return `${name}:${line}:${col}  ${path.length > 0 ? `${pathText(path)}: ` : ''}${message}`;
      });
  return { value, mistakes };
}

/** The document's values, where it is yaml at all; a key that stands twice leaves the rest readable. */
function plain(document: Document.Parsed): { value: unknown; errors: { message: string; offset: number }[] } {
  const complaints = [...document.errors, ...document.warnings];
  const errors = complaints.map(({ message, pos }) => ({ message, offset: pos[0] }));
  if (complaints.some(({ code }) => code !== 'DUPLICATE_KEY')) return { value: undefined, errors };
  try {
    return { value: document.toJS() ?? {}, errors };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    // An alias that leads nowhere, or to too much.
    const astray: { message: string; offset: number }[] = [];
    visit(document, {
      Alias: (_, alias) => {
        const message = `no anchor &${alias.source} stands before *${alias.source}`;
        if (!alias.resolve(document)) astray.push({ message, offset: alias.range?.[0] ?? 0 });
      },
    });
    if (astray.length === 0) astray.push({ message: error.message, offset: 0 });
    return { value: undefined, errors: [...errors, ...astray] };
  }
}

/** Replaces `${NAME}` in every text of the document, and gives what could not be replaced. */
function substitute(document: Document.Parsed, env: Environment): Finding[] {
  const findings: Finding[] = [];
  const walk = (node: unknown, path: Path): void => {
    if (isMap(node)) for (const { key, value } of node.items) walk(value, [...path, keyText(key)]);
    else if (isSeq(node)) for (const [index, item] of node.items.entries()) walk(item, [...path, index]);
    else if (isScalar(node) && typeof node.value === 'string') {
      node.value = node.value.replaceAll(/\$\$\{|\$\{([^{}]*)(\}?)/g, (found, name = '', closed = '') => {
        if (found === '$${') return '${';
        const value = env[name];
        if (value && closed) return value;
        const valid = closed && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
        const message = valid
          ? `the environment variable ${name} is not set: set it, or take ${found} out`
          : `${found} does not name an environment variable: write \${NAME}, or $\${ for a plain \${`;
        findings.push({ path, message });
        return found;
      });
    }
  };
  walk(document.contents, []);
  return findings;
}

/** Where in the text `path` begins; where a part of it is missing, where that belongs. */
function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const segment of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => keyText(key) === String(segment));
      if (!pair) break;
      offset = (pair.key as Node | null)?.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(segment)];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

const keyText = (key: unknown): string => String(isScalar(key) ? key.value : key);

/** `models[1].backends[0].url` */
const pathText = (path: Path): string =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`)).join('');
