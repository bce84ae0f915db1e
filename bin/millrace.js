#!/usr/bin/env node
// Plain JavaScript, and nothing imported before the check: an older Node must get as far as the message.
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `millrace needs Node 22.18 or later, and this is ${process.version} (${process.execPath}).\n` +
      'Install a newer one: https://nodejs.org/en/download',
  );
  process.exitCode = 1;
} else {
  // graphql looks at each object whether it is of another copy of graphql, unless it is told that this is no development.
  process.env.NODE_ENV ??= 'production';
  // The published package has dist alone: Node runs no TypeScript under node_modules.
  import('node:fs').then(({ existsSync }) => {
    const source = new URL('../src/main.ts', import.meta.url);
    return import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href);
  });
}
