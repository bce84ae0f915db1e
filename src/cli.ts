import { parseArgs } from 'node:util';
import { type Config, ConfigError, loadConfig } from './config.ts';
import { didYouMean } from './spelling.ts';
import { StartError } from './start-error.ts';
import { version } from './version.ts';

const help = `millrace ${version}: a GraphQL API in front of language models

Usage
  millrace [serve] [options]       run the server
  millrace config check [options]  say what the configuration means, or everything that is wrong with it
  millrace key create --name <name> [--role ADMIN|MEMBER|READER] [--viewer usr_…] [--expires 90d]
                      [--tokens-per-day <number>] [--tokens-per-month <number>]
                                   make an API key, and print it: it is shown once
  millrace key list                all API keys, newest first
  millrace key revoke <id>         end one, and within 5 s all that is open with it

Options
  --host <address>     address to listen on (HOST, 127.0.0.1)
  --port <number>      port to listen on, 0 for any free one (PORT, 4000)
  --config <file>      models and policies (MILLRACE_CONFIG, millrace.yaml)
  --data-dir <folder>  where all data lies (MILLRACE_DATA_DIR, .millrace)
  --role <role>        api, worker or all (MILLRACE_ROLE, all): with REDIS_URL and DATABASE_URL
  -h, --help           this text
  -v, --version        the version

All settings are in millrace.example.yaml.
`;

const options = {
  host: { type: 'string' },
  port: { type: 'string' },
  config: { type: 'string' },
  'data-dir': { type: 'string' },
  role: { type: 'string' },
  name: { type: 'string' },
  viewer: { type: 'string' },
  expires: { type: 'string' },
  'tokens-per-day': { type: 'string' },
  'tokens-per-month': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

const commands = ['serve', 'config check', 'key create', 'key list', 'key revoke'];
/** What only `key create` takes; its `--role` is the key's, and no process'. */
const keyOptions = ['name', 'viewer', 'expires', 'tokens-per-day', 'tokens-per-month'] as const;
const optionNames = Object.keys(options).map((name) => `--${name}`);

/** Runs the command with `args`, and resolves to the exit code: 1 where it can't start, 2 for wrong usage. */
export async function cli(args: string[]): Promise<number> {
  const { command, subject, values, mistake } = parse(args);
  if (values.help) return say(help);
  if (values.version) return say(`${version}\n`);
  if (mistake !== undefined) {
    process.stderr.write(`millrace: ${mistake}\nSee millrace --help.\n`);
    return 2;
  }
  try {
    const isKeyCommand = command.startsWith('key ');
    const config = loadConfig({ options: isKeyCommand ? { ...values, role: undefined } : values });
    if (command === 'config check') return say(`ok\n${summary(config)}`);
    if (isKeyCommand) {
      const { keyCommand } = await import('./key-command.ts');
      await keyCommand(config, [command.slice('key '.length), ...subject], values);
      return 0;
    }
    // Only here: the other commands answer without loading the server.
    const { serve } = await import('./serve.ts');
    await serve(config);
    return 0;
  } catch (error) {
    if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
    else if (error instanceof StartError) process.stderr.write(`millrace: ${error.message}\n`);
    else throw error;
    return 1;
  }
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

type Values = { -readonly [name in keyof typeof options]?: string };

/** Not strict, since parseArgs' own messages are for programmers. */
function parse(args: string[]): { command: string; subject: string[]; values: Values; mistake?: string } {
  const { positionals, tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
  // The one command that is said of something.
  const said = positionals[0] === 'key' && positionals[1] === 'revoke' ? 2 : positionals.length;
  const command = positionals.slice(0, said).join(' ') || 'serve';
  const subject = positionals.slice(said);
  const values: Values = {};
  const mistakes: string[] = [];
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    if (!Object.hasOwn(options, name)) {
      mistakes.push(`there is no option ${rawName}.${didYouMean(rawName, optionNames)}`);
      continue;
    }
    const known = name as keyof typeof options;
    const takesValue = options[known].type === 'string';
    if (takesValue && (value === undefined || (!inlineValue && value.startsWith('-')))) {
      mistakes.push(`${rawName} needs a value`);
    } else if (!takesValue && inlineValue) mistakes.push(`${rawName} takes no value`);
    else values[known] = value ?? 'true';
  }
  // What follows an unknown option may be its value.
  if (mistakes.length === 0 && (!commands.includes(command) || subject.length > 1))
    mistakes.push(`there is no command "${positionals.join(' ')}".${didYouMean(command, commands)}`);
  for (const name of keyOptions)
    if (values[name] !== undefined && command !== 'key create') mistakes.push(`--${name} belongs to key create`);
  return { command, subject, values, ...(mistakes.length > 0 && { mistake: mistakes.join('\nmillrace: ') }) };
}

/** What clients show. */
function shown({ mode, jwt }: Config['auth']): string {
  if (mode.includes('none')) return 'nothing: everybody is the admin of this machine';
  return [mode.includes('apiKey') && 'an API key', jwt && `a token of ${jwt.issuer}`].filter(Boolean).join(' or ');
}

function summary({ configFile, host, port, dataDir, distributed, role, auth, defaultModel, models }: Config): string {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const place = distributed
    ? `shares its data with other nodes by ${distributed.redis.kind} Redis and Postgres, role ${role}`
    : `keeps its data in ${dataDir}`;
  return [
    `  settings: ${configFile ?? 'no millrace.yaml, so the built-in model'}`,
    `  listens on http://${address}, ${place}`,
    `  asks clients for ${shown(auth)}`,
    ...models.flatMap(({ id, name, backends }) => [
      `  model ${id}${id === name ? '' : ` "${name}"`}${id === defaultModel ? ' (the default)' : ''}`,
      ...backends.map((backend) => {
        const where =
          backend.kind === 'openai'
            ? `${backend.model} at ${backend.url}`
            : `${backend.tokensPerSecond || 'all'} tokens/s`;
        return `    backend ${backend.name}: ${where}, at most ${backend.concurrency} at once`;
      }),
    ]),
    '',
  ].join('\n');
}
