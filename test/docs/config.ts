import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, ConfigError, loadConfig } from '../../src/config.ts';
import { temporaryFolder } from '../folder.ts';

type Json = Record<string, unknown>;
const nonsense = 'zzzzzzzzz';

/** The config of this millrace.yaml, in a folder of its own. */
export function load(yaml: unknown, env: Record<string, string | undefined> = {}): Config {
  const folder = temporaryFolder();
  try {
    writeFileSync(join(folder.path, 'millrace.yaml'), typeof yaml === 'string' ? yaml : JSON.stringify(yaml));
    const { configFile, dataDir, ...rest } = loadConfig({ env, cwd: folder.path });
    return { ...rest, configFile: '', dataDir: dataDir.slice(folder.path.length) };
  } finally {
    folder.remove();
  }
}

function mistakes(yaml: Json): readonly string[] {
  try {
    load(yaml);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

/** Every variable that the configuration looks at. */
export function variables(): string[] {
  const seen = new Set<string>();
  load('', new Proxy({}, { get: (_, name) => void seen.add(String(name)) }));
  return [...seen];
}

/** Every key of millrace.yaml, as in `models[].id`: it tells them itself, where one is unknown. */
export function keys(): string[] {
  const kinds = mistakes({ models: [{ id: 'a', backends: [{ kind: nonsense }] }] }).flatMap(
    (line) => /kind: must be one of (.*?)\./.exec(line)?.[1]?.split(', ') ?? [],
  );
  const found = new Set<string>();
  const explore = (path: string, wrap: (value: Json) => Json): boolean => {
    const known = mistakes(wrap({ [nonsense]: 1 })).flatMap(
      (line) => new RegExp(`${nonsense}: unknown key\\. Known: (.*)`).exec(line)?.[1]?.split(', ') ?? [],
    );
    for (const key of known) {
      found.add(`${path}${key}`);
      explore(`${path}${key}.`, (value) => wrap({ [key]: value }));
      for (const kind of [undefined, ...kinds]) {
        explore(`${path}${key}[].`, (value) => wrap({ [key]: [{ ...(kind && { kind }), ...value }] }));
      }
    }
    return known.length > 0;
  };
  explore('', (value) => value);
  return [...found];
}

/** A small millrace.yaml with one key set, by its path as `keys` gives it. */
export function withKey(path: string, value: string): Json {
  const yaml = {
    models: [
      { id: 'a', backends: [{ kind: 'ngram' }, { kind: 'openai', url: 'http://127.0.0.1:8000/v1', model: 'm' }] },
    ],
  };
  const steps = path.replaceAll('[]', '.0').split('.');
  const last = steps.pop() ?? '';
  let place = yaml as Json;
  for (const step of steps) {
    place[step] ??= {};
    place = place[step] as Json;
  }
  place[last] = value;
  return yaml;
}
