import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'graphql';
import { z } from 'zod';
import type { Finding } from './document.ts';

const place = ['server', 'trustedDocuments'];
const named = z.object({ server: z.object({ trustedDocuments: z.string().min(1) }) });
const registered = z.record(z.string(), z.string());

/**
 * The documents in the file that `server.trustedDocuments` names, by their ids; null where it names none. The path begins
 * at `cwd`.
 */
export function readTrustedDocuments(
  value: unknown,
  cwd: string,
): { documents: ReadonlyMap<string, string> | null; findings: Finding[] } {
  const path = named.safeParse(value).data?.server.trustedDocuments;
  if (path === undefined) return { documents: null, findings: [] };
  const wrong = (message: string) => ({ documents: null, findings: [{ path: place, message }] });
  let entries: unknown;
  try {
    entries = JSON.parse(readFileSync(resolve(cwd, path), 'utf8'));
  } catch (error) {
    return wrong(`${path} can't be read as JSON: ${(error as Error).message}`);
  }
  const { data } = registered.safeParse(entries);
  if (!data) return wrong(`${path} must be an object of documents by their ids, as in { "<sha256>": "query …" }`);
  const documents = new Map(Object.entries(data).map(([id, document]) => [id.replace(/^sha256:/, ''), document]));
  const findings = [...documents].flatMap(([id, document]) => {
    const mistake = syntaxMistake(document);
    return mistake ? [{ path: place, message: `${path}: the document ${id} is wrong: ${mistake}` }] : [];
  });
  return { documents, findings };
}

function syntaxMistake(document: string): string | undefined {
  try {
    parse(document);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
