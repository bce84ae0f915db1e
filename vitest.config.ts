import { defineConfig } from 'vitest/config';

/** A file that the figures of the run are written to, for a program to read: `.ci/run` does. */
const summary = process.env.TEST_SUMMARY;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    ...(summary && { reporters: ['default', 'json'], outputFile: { json: summary } }),
  },
});
