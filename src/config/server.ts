import { z } from 'zod';
import { flag, section, text, wholeNumber } from './values.ts';

/** What stands between the server and those who ask. */
export interface ServerConfig {
  /** Origins of pages that may use it, beside its own, as in `https://app.example.com`. */
  readonly origins: readonly string[];
  /** How many proxies in front add the address they were asked from to `X-Forwarded-For`. */
  readonly trustedProxies: number;
  /** Whether clients may ask for the schema. */
  readonly introspection: boolean;
  /** Whether a browser gets GraphiQL. */
  readonly graphiql: boolean;
  /** The only documents that are executed, by their ids; null for all. */
  readonly trustedDocuments: ReadonlyMap<string, string> | null;
}

const origin = z.string().refine((value) => URL.canParse(value) && new URL(value).origin === value, {
  error: 'must be an origin: scheme, host and port alone, as in https://app.example.com',
});

/** `server` of millrace.yaml. */
export const serverShape = section({
  origins: z.array(origin).default([]),
  trustedProxies: wholeNumber(0).default(0),
  introspection: flag().default(true),
  graphiql: flag().default(true),
  trustedDocuments: text().optional(),
}).prefault({});
