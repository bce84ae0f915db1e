import type { DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';

/** So many characters of documents are kept together: a parsed token takes 400 bytes. */
const mostCharacters = 256 << 10;

/** The documents that came through the pipeline before, and need not be parsed and validated again. */
export class KnownDocuments {
  /** By their text; none that alone would take the place of many. */
  readonly cache = new LRUCache<string, DocumentNode>({
    maxSize: mostCharacters,
    maxEntrySize: mostCharacters / 8,
    sizeCalculation: (_document, text) => text.length,
  });
  readonly #valid = new WeakSet<DocumentNode>();

  /** What was found of a document, noted when all that looks at it has: one that is not valid is forgotten. */
  readonly noting: Plugin = {
    onValidate:
      ({ params: { documentAST } }) =>
      ({ valid }) => {
        if (valid) this.#valid.add(documentAST);
        else this.cache.delete(documentAST.loc?.source.body ?? '');
      },
  };

  /** The document with this text, if it was found valid. */
  valid(text: string): DocumentNode | undefined {
    const document = this.cache.get(text);
    return document && this.#valid.has(document) ? document : undefined;
  }
}
