import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cwd, load, mistakes } from './load.ts';

const yaml = 'server:\n  trustedDocuments: documents.json';
const write = (content: string) => writeFileSync(join(cwd, 'documents.json'), content);

it('has the trusted documents by their ids, without the name of the hash', () => {
  write('{ "sha256:ab": "{ a }", "cd": "{ c }" }');
  const { trustedDocuments } = load({ yaml }).server;
  expect([...(trustedDocuments ?? [])]).toEqual([
    ['ab', '{ a }'],
    ['cd', '{ c }'],
  ]);
});

it.each([
  ['no file', undefined, /documents\.json can't be read as JSON: ENOENT/],
  ['no JSON', '{', /documents\.json can't be read as JSON/],
  ['a list', '["{ a }"]', /documents\.json must be an object of documents by their ids/],
  ['documents that are no text', '{ "ab": { "body": "{ a }" } }', /must be an object of documents by their ids/],
  ['a document that breaks off', '{ "ab": "{ a", "cd": "{ c }" }', /the document ab is wrong: Syntax Error/],
])('finds %s at the place of its name, beside all other mistakes', (_what, content, message) => {
  if (content !== undefined) write(content);
  const found = mistakes({ yaml: `${yaml}\nbatchInterval: 40` });
  expect(found).toEqual([
    expect.stringMatching(/^millrace\.yaml:2:3 {2}server\.trustedDocuments: /),
    expect.stringMatching(/batchInterval/),
  ]);
  expect(found[0]).toMatch(message);
});
