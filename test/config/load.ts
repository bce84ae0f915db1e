import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config.ts';

export let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'millrace-config-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

type Source = { yaml?: string; env?: Record<string, string>; options?: Record<string, string> };

/** The config of a folder that has this millrace.yaml, or none. */
export function load({ yaml, env = {}, options = {} }: Source = {}) {
  if (yaml !== undefined) writeFileSync(join(cwd, 'millrace.yaml'), yaml);
  return loadConfig({ env, options, cwd });
}

/** What is wrong with it; empty where nothing is. */
export function mistakes(source: Source): readonly string[] {
  try {
    load(source);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

/** A file with one openai backend that has these lines. */
export const backend = (lines: string) => `models: [{ id: a, backends: [{ kind: openai, model: m, ${lines} }] }]`;
