/**
 * Makes `dist`: what the published package runs, since Node runs no TypeScript under node_modules.
 *
 * It has the shape and the depth of `src`, with all files that are not TypeScript: code finds its data, and what lies
 * beside `src` (schema.graphql, package.json), by the same relative URL in both.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

rmSync(`${root}/dist`, { recursive: true, force: true });
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
cpSync(`${root}/src`, `${root}/dist`, {
  recursive: true,
  filter: (source) => statSync(source).isDirectory() || !/\.tsx?$/.test(source),
});
