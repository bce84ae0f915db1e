import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** A file that the figures of the run are written to, for a program to read: `.ci/run` does. */
const summary = process.env.TEST_SUMMARY;

/**
 * What starts no server of its own, or is the same in both modes: the page for browsers, who comes in (auth-nodes.test.ts has
 * what is other with many nodes), what a kill -9 of everything leaves (nodes.test.ts kills each part alone), a disk that
 * fails, and what clients leave behind.
 */
const onlyEmbedded = [
  'test/e2e/auth.test.ts',
  'test/e2e/crash.test.ts',
  'test/e2e/disk.test.ts',
  'test/e2e/graphiql.test.ts',
  'test/e2e/hostile-*.test.ts',
  'test/e2e/leaks.test.ts',
];

/** What starts nodes of its own, whatever the mode. */
const onlyDistributed = [
  'test/e2e/auth-nodes.test.ts',
  'test/e2e/books.test.ts',
  'test/e2e/cluster.test.ts',
  'test/e2e/limits.test.ts',
  'test/e2e/nodes.test.ts',
  'test/e2e/redis-away.test.ts',
  'test/e2e/start.test.ts',
];

export default defineConfig({
  // One copy of graphql, as in Node: the bundlers' own entry would be a second one, whose errors are not instances of
  // the first one's classes.
  resolve: { alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }] },
  test: {
    projects: [
      { extends: true, test: { name: 'embedded', include: ['test/**/*.test.ts'], exclude: onlyDistributed } },
      {
        extends: true,
        test: {
          name: 'distributed',
          include: ['test/e2e/*.test.ts'],
          exclude: onlyEmbedded,
          env: { MILLRACE_TEST_MODE: 'distributed' },
          globalSetup: 'test/e2e/postgres.setup.ts',
        },
      },
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    ...(summary && { reporters: ['default', 'json'], outputFile: { json: summary } }),
    // A loaded machine is slow, not wrong.
    expect: { poll: { timeout: 20_000 } },
  },
});
