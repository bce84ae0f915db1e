import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** A file that the figures of the run are written to, for a program to read: `.ci/run` does. */
const summary = process.env.TEST_SUMMARY;

export default defineConfig({
  // One copy of graphql, as in Node: the bundlers' own entry would be a second one, whose errors are not instances of
  // the first one's classes.
  resolve: { alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }] },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // A loaded machine is slow, not wrong.
    expect: { poll: { timeout: 20_000 } },
    ...(summary && { reporters: ['default', 'json'], outputFile: { json: summary } }),
  },
});
