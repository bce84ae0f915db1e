import { Visitor } from 'oxc-parser';
import type { Breach, Source } from './source.ts';

interface Length {
  readonly path: string;
  readonly line: number;
  readonly lines: number;
}

/** The lengths that files and functions may have. What spans one in ten is counted over all of `sources`. */
export function budgets({ src, test }: { src: readonly Source[]; test: readonly Source[] }): Breach[] {
  return [
    ...median(src, 80),
    ...within(files(src), { what: 'file', usual: 250, most: 400 }),
    ...within(files(test), { what: 'test file', usual: 250, most: 400 }),
    ...within(src.flatMap(functions), { what: 'function', usual: 45, most: 80 }),
  ];
}

const files = (sources: readonly Source[]): Length[] => sources.map(({ path, lines }) => ({ path, line: 1, lines }));

/** Those with a block for a body: expressions would make any average look good. */
function functions({ path, parsed, lineOf }: Source): Length[] {
  const found: Length[] = [];
  const measure = ({ start, end, body }: { start: number; end: number; body: { type: string } | null }) => {
    if (body?.type !== 'BlockStatement') return;
    const line = lineOf(start);
    found.push({ path, line, lines: lineOf(end) - line + 1 });
  };
  new Visitor({
    FunctionDeclaration: measure,
    FunctionExpression: measure,
    ArrowFunctionExpression: measure,
  }).visit(parsed.program);
  return found;
}

function within(lengths: readonly Length[], { what, usual, most }: { what: string; usual: number; most: number }) {
  const over = lengths.filter(({ lines }) => lines > usual);
  const tooMany = over.length > lengths.length / 10;
  return over.flatMap(({ path, line, lines }): Breach[] => {
    if (lines > most) return [{ path, line, message: `a ${what} of ${lines} lines; at most ${most}` }];
    if (!tooMany) return [];
    const share = `${over.length} of ${lengths.length} are over ${usual}, at most one in ten may be`;
    return [{ path, line, message: `a ${what} of ${lines} lines; ${share}` }];
  });
}

function median(sources: readonly Source[], most: number): Breach[] {
  const sorted = sources.map(({ lines }) => lines).sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return middle > most
    ? [{ path: 'src', line: 1, message: `half of the files are over ${middle} lines; ${most}` }]
    : [];
}
