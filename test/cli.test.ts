// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is how the yaml names a variable
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const command = fileURLToPath(new URL('../bin/millrace.js', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

/** Runs the command to its end in a folder of its own, with `env` and no other variable. */
function millrace(args: string[], env: Record<string, string> = {}, node: string[] = []) {
  return new Promise<{ code: number | string | null | undefined; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [...node, command, ...args], { cwd, env }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
}

it('tells its version', async () => {
  expect(await millrace(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

it('tells how it is used, whatever else is said', async () => {
  const { code, stdout, stderr } = await millrace(['nonsense', '-h']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const word of ['serve', 'config check', '--host', '--port', '--config', '--data-dir', '--version'])
    expect(stdout).toContain(word);
});

it.each([
  [['confg', 'check'], 'there is no command "confg check". Did you mean "config check"?'],
  [['config'], 'there is no command "config".'],
  [['serve', '--prot', '4'], 'there is no option --prot. Did you mean "--port"?'],
  [['serve', '-x'], 'there is no option -x.'],
  [['--port'], '--port needs a value'],
  [['--port', '--host', '::1'], '--port needs a value'],
  [['--help=no'], '--help takes no value'],
  [['key'], 'there is no command "key".'],
  [['key', 'creat'], 'there is no command "key creat". Did you mean "key create"?'],
  [['key', 'revoke', 'key_1', 'key_2'], 'there is no command "key revoke key_1 key_2".'],
  [['serve', '--name', 'x'], '--name belongs to key create'],
  [['key', 'list', '--expires=1d'], '--expires belongs to key create'],
  [['key', 'list', '--tokens-per-day=1'], '--tokens-per-day belongs to key create'],
])('answers %j with what is wrong with it, and exit code 2', async (args, message) => {
  const { code, stdout, stderr } = await millrace(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(`millrace: ${message}`);
  expect(stderr).toContain('millrace --help');
});

it('checks a configuration and says what it means, without its secrets', async () => {
  const yaml = 'models: [{ id: a, backends: [{ kind: openai, url: "http://gpu/v1/", model: m, apiKey: "${KEY}" }] }]';
  writeFileSync(join(cwd, 'mine.yaml'), yaml);
  const { code, stdout, stderr } = await millrace(
    ['config', 'check', '--config', 'mine.yaml', '--host', '::1', '--port=0', '--data-dir', 'data'],
    { KEY: 'hunter2', PORT: 'nonsense' },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^ok\n/);
  expect(stdout).toContain('http://[::1]:0, keeps its data in ');
  expect(stdout).toContain('backend openai-1: m at http://gpu/v1, at most 16 at once');
  expect(stdout).not.toContain('hunter2');
});

it('says of one node of many what it shares, without the passwords', async () => {
  const urls = { REDIS_URL: 'rediss://:hunter2@redis', DATABASE_URL: 'postgres://m:hunter2@postgres/m' };
  const { code, stdout } = await millrace(['config', 'check', '--role', 'worker'], urls);
  expect(code).toBe(0);
  expect(stdout).toContain('shares its data with other nodes by single Redis and Postgres, role worker');
  expect(stdout).not.toContain('keeps its data');
  expect(stdout).not.toContain('hunter2');
});

it.each([[['config', 'check']], [['serve']], [[]]])('ends %j with every mistake and exit code 1', async (args) => {
  writeFileSync(join(cwd, 'millrace.yaml'), 'batchInterval: 40\nmodls: []');
  const { code, stdout, stderr } = await millrace(args, { PORT: 'x' });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr.trim().split('\n')).toEqual([
    expect.stringMatching(/^PORT: /),
    expect.stringMatching(/^millrace\.yaml:1:1 {2}batchInterval: /),
    expect.stringMatching(/^millrace\.yaml:2:1 {2}modls: unknown key/),
  ]);
});

it('makes keys before there is a server, lists and revokes them; the token alone is on stdout', async () => {
  const made = await millrace([
    'key',
    'create',
    '--name',
    'Ann "A"',
    '--role',
    'admin',
    '--expires',
    '90d',
    '--tokens-per-day',
    '1000',
    '--tokens-per-month=9000000000',
  ]);
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^millrace_key_\w{26}_[0-9a-f]{64}\n$/) });
  // Nobody can come in with it: there is no millrace.yaml.
  expect(made.stderr).toContain('set auth.mode to apiKey');
  const [id = ''] = /key_\w{26}/.exec(made.stdout) ?? [];
  const { stdout: listed } = await millrace(['key', 'list']);
  expect(listed).toMatch(
    new RegExp(
      `^${id}  ADMIN   usr_\\w+  made .* expires .* never used  1000 tokens/day  9000000000 tokens/month  "Ann \\\\"A\\\\""\n$`,
    ),
  );
  expect(await millrace(['key', 'revoke', id])).toMatchObject({ code: 0, stderr: '' });
  expect((await millrace(['key', 'list'])).stdout).toContain('  revoked 2');
});

it.each([
  [['key', 'create'], 'needs a --name'],
  [['key', 'create', '--name', ' '], '1 to 100 characters'],
  [['key', 'create', '--name', 'x', '--role', 'ROOT'], 'must be one of ADMIN, MEMBER, READER'],
  [['key', 'create', '--name', 'x', '--expires', '1y'], 'must be a length of time such as'],
  [['key', 'create', '--name', 'x', '--tokens-per-day', '0'], '--tokens-per-day must be a whole number'],
  [['key', 'create', '--name', 'x', '--viewer', 'usr_1'], 'The viewer usr_1 was not found'],
  [['key', 'revoke', 'key_1'], 'The key key_1 was not found'],
  [['key', 'revoke'], 'needs the id of a key'],
])('ends %j with what is wrong, and exit code 1', async (args, message) => {
  const { code, stdout, stderr } = await millrace(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(message);
});

it('tells an old Node what to do before it runs anything that such a Node could not', async () => {
  const pretend = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'22.17.1'})";
  const { code, stdout, stderr } = await millrace(['--version'], {}, ['--import', pretend]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('needs Node 22.18 or later');
});
