/** Millrace's own HTTP server and pipeline, over the records that its peers have, in memory. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { compose, embedded } from '../../src/compose.ts';
import { loadConfig } from '../../src/config.ts';
import type { Head, Log, ReadSlice } from '../../src/log/log.ts';
import { createHttpServer } from '../../src/server/server.ts';
import type { Store } from '../../src/store/store.ts';
import { answer } from '../answers.ts';
import * as records from './records.ts';

const { byIds, entries } = records;

/** The records that a page is made of come from memory; whatever else there is stays as it is. */
const inMemory = (store: Store): Store => ({
  ...store,
  viewers: { ...store.viewers, byIds: byIds([records.viewer]) },
  conversations: {
    ...store.conversations,
    byIds: byIds(records.conversations),
    messagesByIds: byIds(records.messages),
    page: async (_, { limit }) => ({
      rows: records.conversations.slice(0, limit).map((row) => ({ row, position: records.positionOf(row) })),
      hasNextPage: limit < records.conversations.length,
      hasPreviousPage: false,
    }),
  },
  generations: { ...store.generations, byIds: byIds(records.generations) },
});

const [{ createdAt } = { createdAt: 0 }] = records.generations;
const head: Head = {
  ...{ epoch: 'bench', offset: entries.length, attempt: 1 },
  ...{ startedAt: createdAt, firstTokenAt: createdAt, ended: null },
};
const slice = (after: number): ReadSlice => ({ epoch: 'bench', after, entries: entries.slice(after), more: false });
const log: Log = {
  append: () => Promise.reject(new Error('nothing is written here')),
  heads: async (ids) => new Map(ids.map((id) => [id, head])),
  read: async (after) => new Map([...after].map(([id, offset]) => [id, slice(offset)])),
  retire: async () => {},
};

const cwd = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
process.on('exit', () => rmSync(cwd, { recursive: true, force: true }));
process.once('SIGTERM', () => process.exit());
const { id, name } = records.model;
writeFileSync(join(cwd, 'millrace.yaml'), `models: [{ id: ${id}, name: ${name}, backends: [{ kind: ngram }] }]`);
const config = loadConfig({ env: {}, cwd });
const logger = pino({ level: 'silent' });
const parts = await embedded(config);
const app = await compose(config, { ...parts, store: inMemory(parts.store), log }, logger);
const http = createHttpServer({ ...app, logger, trustedProxies: 0, limits: config.limits });

answer({ listen: async () => `${await http.listen(0, '127.0.0.1')}/graphql` });
