import { posix } from 'node:path';
import { type MemberExpression, type Node, Visitor } from 'oxc-parser';
import type { Breach, Source } from './source.ts';

/**
 * What each part of src may import: the folders and the files that stand in src itself, by name. A folder with a file
 * of its name beside it (config.ts, config/) is one part. `*` is every part.
 */
const reach: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  backends: ['domain'],
  store: ['domain', 'outage'],
  bus: ['domain'],
  log: ['domain', 'bus'],
  queue: ['domain'],
  limits: ['domain'],
  generation: ['domain', 'backends', 'store', 'bus', 'log', 'queue'],
  auth: ['domain', 'limits', 'store'],
  graphql: ['domain', 'auth', 'generation', 'limits', 'store', 'version'],
  server: ['domain', 'auth', 'graphql', 'version'],
  client: [],
  console: ['client'],
  spelling: [],
  version: [],
  outage: [],
  'redis-client': ['domain', 'outage'],
  'start-error': [],
  config: ['domain', 'limits', 'redis-client', 'spelling'],
  compose: ['*'],
  serve: ['*'],
  'key-command': ['compose', 'config', 'auth', 'domain', 'start-error'],
  cli: ['config', 'key-command', 'serve', 'spelling', 'start-error', 'version'],
  main: ['cli'],
};

/** Parts whose every file is for others to import. */
const open = ['domain'];
/** What stands between a contract and those who use it, the same whatever the technology behind. */
const neutral = ['src/backends/pool.ts', 'src/log/tail.ts', 'src/log/tails.ts'];
/** The one place that knows the technologies behind the contracts. */
const root = 'compose';
const publicList = 'src/client/index.ts';
const configFile = 'src/config.ts';
const methodsAtMost: Readonly<Record<string, number>> = {
  auth: 4,
  backends: 4,
  bus: 4,
  limits: 4,
  log: 4,
  queue: 4,
  store: 12,
};

/** Everything that a single file of src can do wrong. */
export function rules(source: Source): Breach[] {
  return [...names(source), ...imports(source), ...barrels(source), ...environment(source), ...contracts(source)];
}

function names({ path }: Source): Breach[] {
  const words = path
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[/.\-_]/);
  const banned = words.find((word) => /^(utils?|helpers?|managers?|impl)$/.test(word));
  return banned ? [{ path, line: 1, message: `"${banned}" names nothing: say what it does` }] : [];
}

/** The part of src that a file belongs to. */
const partOf = (path: string): string => path.split('/')[1]?.replace(/\.tsx?$/, '') ?? '';

/** Whether others may import the file: it stands in src itself, or bears its folder's name. */
function isContract(path: string): boolean {
  const [, folder = '', ...rest] = path.split('/');
  if (rest.length === 0 || open.includes(folder) || neutral.includes(path) || path === publicList) return true;
  const stem = rest.join('/').replace(/\.tsx?$/, '');
  return stem === folder || `${stem}s` === folder;
}

function imports({ path, imports: all }: Source): Breach[] {
  const part = partOf(path);
  const allowed = reach[part];
  if (!allowed) return [{ path, line: 1, message: `src/${part} is not in the table of scripts/house/rules.ts` }];
  return all.flatMap(({ specifier, line }): Breach[] => {
    const target = posix.join(posix.dirname(path), specifier);
    const other = partOf(target);
    if (!specifier.startsWith('.') || !target.startsWith('src/') || other === part) return [];
    if (!allowed.includes('*') && !allowed.includes(other)) {
      const may = allowed.length > 0 ? `only ${allowed.join(', ')}` : 'nothing';
      return [{ path, line, message: `${part} imports ${other}; of the other parts it may import ${may}` }];
    }
    if (part === root || isContract(target)) return [];
    return [{ path, line, message: `imports ${target}, which is no contract; ${root}.ts alone does that` }];
  });
}

function barrels({ path, parsed, lineOf }: Source): Breach[] {
  if (path === publicList) return [];
  const breaches = parsed.module.staticExports
    .filter(({ entries }) => entries.some(({ moduleRequest }) => moduleRequest))
    .map(({ start }) => ({
      path,
      line: lineOf(start),
      message: `exports what is another file's; ${publicList} alone does`,
    }));
  if (/\/index\.tsx?$/.test(path)) breaches.push({ path, line: 1, message: `an index; ${publicList} is the only one` });
  return breaches;
}

/** process.env, by whichever way it is reached. */
function environment({ path, parsed, lineOf }: Source): Breach[] {
  if (path === configFile) return [];
  const offsets: number[] = [];
  const fromProcess = (offset: number) =>
    parsed.module.staticImports.some(
      ({ start, end, moduleRequest }) =>
        start <= offset && offset < end && /^(node:)?process$/.test(moduleRequest.value),
    );
  new Visitor({
    MemberExpression(node) {
      if (memberName(node) === 'env' && isProcess(node.object)) offsets.push(node.start);
    },
    VariableDeclarator({ start, id, init }) {
      if (id.type !== 'ObjectPattern' || !init || !isProcess(init)) return;
      if (id.properties.some((part) => part.type === 'Property' && isNamed(part.key, 'env'))) offsets.push(start);
    },
    ImportSpecifier({ start, imported }) {
      if (isNamed(imported, 'env') && fromProcess(start)) offsets.push(start);
    },
  }).visit(parsed.program);
  return offsets.map((start) => ({
    path,
    line: lineOf(start),
    message: `reads the environment; ${configFile} alone does`,
  }));
}

const isNamed = (node: Node, name: string): boolean => node.type === 'Identifier' && node.name === name;

const isProcess = (node: Node): boolean =>
  isNamed(node, 'process') || (node.type === 'MemberExpression' && memberName(node) === 'process');

function memberName({ property }: MemberExpression): unknown {
  if (property.type === 'Literal') return property.value;
  return 'name' in property ? property.name : undefined;
}

function contracts({ path, parsed, lineOf }: Source): Breach[] {
  const most = methodsAtMost[partOf(path)];
  if (most === undefined || !isContract(path)) return [];
  const breaches: Breach[] = [];
  new Visitor({
    TSInterfaceDeclaration({ start, id, body }) {
      const methods = body.body.filter(({ type }) => type === 'TSMethodSignature').length;
      const message = `${id.name} has ${methods} methods; at most ${most}`;
      if (methods > most) breaches.push({ path, line: lineOf(start), message });
    },
  }).visit(parsed.program);
  return breaches;
}
