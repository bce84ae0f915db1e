import { GraphQLError, parse, validate } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { Cost } from './cost.ts';

/** How much an operation may ask for. */
export interface OperationLimits {
  /** How deep fields are nested. */
  readonly depth: number;
  /** How many fields of the answer bear another name than their own. */
  readonly aliases: number;
  /** Lexical tokens of the document; and its selections, with fragments written out where they are spread. */
  readonly documentTokens: number;
  /** Objects of the answer, counted by what its lists may hold. */
  readonly objects: number;
}

/**
 * Characters of a document to each token that it may have: comments are no tokens, yet cost as much. 500,000 with the
 * default; 8 million took half a second to read.
 */
const charactersPerToken = 100;
/** So many mistakes in a document are told: each may be one character, and is a sentence in the answer. */
const maxErrors = 20;

/** Refuses documents that are too large to read, and operations that ask for too much, before they cost anything. */
export function operationLimits(limits: OperationLimits): Plugin {
  return {
    onParse({ setParseFn }) {
      setParseFn((source: string) => parseWithin(limits, source));
    },
    onValidate({ setValidationFn }) {
      const within: typeof validate = (schema, document, rules) => {
        try {
          new Cost(limits, schema, document).check();
          return validate(schema, document, rules, { maxErrors });
        } catch (error) {
          return [asRefusal(error)];
        }
      };
      setValidationFn(within);
    },
  };
}

function parseWithin({ documentTokens }: OperationLimits, text: string) {
  const characters = documentTokens * charactersPerToken;
  if (text.length > characters) {
    throw new GraphQLError(`The document has more than ${characters} characters. Give long texts as variables.`);
  }
  try {
    return parse(text, { maxTokens: documentTokens });
  } catch (error) {
    // The only error of the parser that is not about syntax.
    if (error instanceof GraphQLError && / more that \d+ tokens/.test(error.message)) {
      const message = `The document has more than ${documentTokens} tokens. Ask for less, in several documents.`;
      throw new GraphQLError(message);
    }
    throw asRefusal(error);
  }
}

/** What is nested so deep that the stack does not hold it is no failure of the server. */
function asRefusal(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  if (error instanceof RangeError)
    return new GraphQLError('The document is nested too deep. Give values as variables.');
  throw error;
}
