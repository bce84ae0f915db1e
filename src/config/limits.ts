import type { z } from 'zod';
import type { PerClient } from '../limits/limits.ts';
import { bytes, section, wholeNumber } from './values.ts';

/** How much one may do. What is left out of `millrace.yaml` has a default; what is null has no limit. */
export interface LimitsConfig {
  /** Bytes of a request's body, or of a message on a socket. */
  readonly bodyBytes: number;
  /** UTF-16 code units of all that a model is to read for one answer. */
  readonly promptCharacters: number;
  /** The most that `maxTokens` may ask for. */
  readonly maxTokens: number;
  readonly operation: {
    /** How deep fields are nested. */
    readonly depth: number;
    /** How many fields bear another name than their own. */
    readonly aliases: number;
    /** Lexical tokens of its document. */
    readonly documentTokens: number;
    /** Objects of its answer, counted by what its lists may hold. */
    readonly objects: number;
  };
  readonly operationsPerSecond: PerClient;
  /** Wrong tokens from one address. */
  readonly signInFailuresPerMinute: number | null;
  /** Sockets that are open at once, on all nodes together. */
  readonly sockets: PerClient;
  /** On one socket; what comes faster waits. */
  readonly messagesPerSecond: number;
  readonly subscriptionsPerSocket: number;
  /** Queued and running ones of one viewer. */
  readonly generationsAtOnce: number | null;
  /** Prompt and answer, by UTC day and month, of one viewer or key. */
  readonly tokensPerDay: number | null;
  readonly tokensPerMonth: number | null;
}

const perClient = () => section({ viewer: wholeNumber().optional(), ip: wholeNumber().optional() }).prefault({});

/** `limits` of millrace.yaml. */
export const limitsShape = section({
  body: bytes('4MiB'),
  promptCharacters: wholeNumber().default(1_000_000),
  maxTokens: wholeNumber().default(131_072),
  operation: section({
    depth: wholeNumber().default(20),
    aliases: wholeNumber().default(100),
    documentTokens: wholeNumber().default(5_000),
    objects: wholeNumber().default(50_000),
  }).prefault({}),
  operationsPerSecond: perClient(),
  signInFailuresPerMinute: wholeNumber().optional(),
  sockets: perClient(),
  messagesPerSecond: wholeNumber().default(100),
  subscriptionsPerSocket: wholeNumber().default(200),
  generationsAtOnce: wholeNumber().optional(),
  tokensPerDay: wholeNumber().optional(),
  tokensPerMonth: wholeNumber().optional(),
}).prefault({});

/**
 * With its defaults. Where everybody is the one viewer of this machine, what is counted by viewer and address has no
 * limit unless one is set.
 */
export function limitsConfig(entry: z.output<typeof limitsShape>, authenticated: boolean): LimitsConfig {
  const { body, operationsPerSecond, signInFailuresPerMinute, sockets, ...others } = entry;
  const { generationsAtOnce, tokensPerDay, tokensPerMonth, ...rest } = others;
  const or = (set: number | undefined, byDefault: number) => set ?? (authenticated ? byDefault : null);
  return {
    ...rest,
    bodyBytes: body,
    operationsPerSecond: { viewer: or(operationsPerSecond.viewer, 100), ip: or(operationsPerSecond.ip, 500) },
    signInFailuresPerMinute: or(signInFailuresPerMinute, 20),
    sockets: { viewer: or(sockets.viewer, 100), ip: or(sockets.ip, 1_000) },
    generationsAtOnce: or(generationsAtOnce, 100),
    tokensPerDay: tokensPerDay ?? null,
    tokensPerMonth: tokensPerMonth ?? null,
  };
}
