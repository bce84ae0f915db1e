import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ParseResult, parseSync, Visitor } from 'oxc-parser';

/** A rule that was broken, and where. */
export interface Breach {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** One TypeScript file. */
export interface Source {
  /** From the root of the project, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly parsed: ParseResult;
  /** Everything it imports or exports again, by the path as it is written. */
  readonly imports: readonly { specifier: string; line: number }[];
  lineOf(offset: number): number;
}

/** All TypeScript under `folder`, without what was generated or installed; nothing where there is no such folder. */
export function readSources(root: string, folder: string): Source[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .replaceAll('\\', '/'),
    )
    .filter((path) => !/\/(generated|node_modules)\//.test(path))
    .sort()
    .map((path) => readSource(path, readFileSync(join(root, path), 'utf8')));
}

function readSource(path: string, text: string): Source {
  const parsed = parseSync(path, text);
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length;
  const imports = importsOf(text, parsed).map(({ specifier, start }) => ({ specifier, line: lineOf(start) }));
  return { path, text, lines: text.replace(/\n$/, '').split('\n').length, parsed, imports, lineOf };
}

function importsOf(text: string, { module, program }: ParseResult): { specifier: string; start: number }[] {
  const found: { specifier: string; start: number }[] = [];
  for (const { moduleRequest } of module.staticImports) found.push(named(moduleRequest));
  for (const { entries } of module.staticExports) {
    const from = entries.find(({ moduleRequest }) => moduleRequest)?.moduleRequest;
    if (from) found.push(named(from));
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const literal = /^(['"`])([^$]*)\1$/s.exec(text.slice(moduleRequest.start, moduleRequest.end));
    if (literal) found.push({ specifier: literal[2] ?? '', start: moduleRequest.start });
  }
  const visitor = new Visitor({
    TSImportType: ({ source }) => {
      found.push({ specifier: source.value, start: source.start });
    },
  });
  visitor.visit(program);
  return found;
}

const named = ({ value, start }: { value: string; start: number }) => ({ specifier: value, start });
