import { byHttp, bySse, byWs, everywhere } from './attacks.ts';
import { type Attack, underAttack } from './hostile.ts';
import type { TestServer } from './server.ts';

// What each document is answered is in test/server/hostile-documents.test.ts: here it is what they leave behind.

const json = (query: string) => JSON.stringify({ query });
const deep = (levels: number) => `${'{ viewer '.repeat(levels)}{ id }${' }'.repeat(levels)}`;
const aliased = (count: number) => `{ ${Array.from({ length: count }, (_, i) => `a${i}: __typename`).join(' ')} }`;
/** Each spreads the next one twice. */
const bomb = (count: number) =>
  `{ ...F0 } ${Array.from({ length: count }, (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`).join(' ')} fragment F${count} on Query { __typename }`;
const circle = 'query { ...A } fragment A on Query { ...B } fragment B on Query { ...A }';

/** Many different ones at once, of all kinds in turn, on every transport: how often they were answered how. */
const many =
  (count: number, document: (index: number) => string) =>
  async (server: TestServer): Promise<Record<string, number>> => {
    const ways = [byHttp, bySse, byWs];
    const counts: Record<string, number> = {};
    // A few at a time: that many bodies are as much as any server has to hold.
    const indexes = Array.from({ length: count }, (_, i) => i).values();
    const one = async () => {
      for (const index of indexes) {
        const outcome = (await ways[index % ways.length]?.(json(document(index)))(server))?.replace(/^\d+ /, '') ?? '';
        counts[outcome] = (counts[outcome] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: 10 }, one));
    return counts;
  };

const documents: Attack[] = [
  ...everywhere('1,600 fields deep', json(deep(1_600)), 'BAD_USER_INPUT'),
  ...everywhere('1,000 aliases', json(aliased(1_000)), 'BAD_USER_INPUT'),
  ...everywhere('a bomb of fragments', json(bomb(300)), 'BAD_USER_INPUT'),
  ...everywhere('fragments in a circle', json(circle), 'BAD_USER_INPUT'),
  ...everywhere('4 MB of comments', json(`{ __typename } #${'x'.repeat(4_000_000)}`), 'BAD_USER_INPUT'),
  { what: '100 that are deep', run: many(100, (i) => deep(1_000 + i)), answer: { BAD_USER_INPUT: 100 } },
  { what: '100 that are aliased', run: many(100, (i) => aliased(101 + i)), answer: { BAD_USER_INPUT: 100 } },
  { what: '100 bombs', run: many(100, (i) => bomb(20 + i)), answer: { BAD_USER_INPUT: 100 } },
  {
    what: '150 of 30 KB, each another',
    run: many(150, (i) => `{ __typename } #${i} ${'x'.repeat(30_000)}`),
    answer: { ok: 150 },
  },
  {
    what: '100 of 450 KB, each another',
    run: many(100, (i) => `{ __typename } #${i} ${'x'.repeat(450_000)}`),
    answer: { ok: 100 },
  },
  {
    what: '200 of 4,900 tokens, each another',
    run: many(200, (i) => `query Q${i} { ${'viewer { id } '.repeat(98)} ${'models { id } '.repeat(98)} }`),
    answer: { ok: 200 },
  },
  {
    what: '100 that are wrong in their own way',
    run: many(100, (i) => `{ ${Array.from({ length: 500 }, (_, j) => `x${i}y${j}`).join(' ')} }`),
    answer: { BAD_USER_INPUT: 100 },
  },
  {
    what: '500 that are small, and wrong in 100 ways',
    run: many(500, (i) => `{ ${'a '.repeat(100)} b${i} }`),
    answer: { BAD_USER_INPUT: 500 },
  },
  {
    what: '100 syntax errors, each another',
    run: many(100, (i) => `{ a(b: "${i}${'x'.repeat(30_000)}") { `),
    answer: { BAD_USER_INPUT: 100 },
  },
];

// 256 KiB of documents are kept, of which every token takes 400 bytes.
underAttack('documents', documents, { mostLeft: 40 });
