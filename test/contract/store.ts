import { describe } from 'vitest';
import { conversationTests } from './store/conversations.ts';
import { figureTests } from './store/figures.ts';
import type { Open } from './store/fixtures.ts';
import { keyTests } from './store/keys.ts';
import { lifeTests } from './store/life.ts';
import { linkTests } from './store/links.ts';
import { pagingTests } from './store/paging.ts';
import { promptTests } from './store/prompt.ts';
import { quotaTests } from './store/quota.ts';
import { statementTests } from './store/statements.ts';
import { submitTests } from './store/submit.ts';
import { usageTests } from './store/usage.ts';

/** What every store promises. `open` gives an empty one for each test, and the test closes it. */
export function storeContract(name: string, open: Open): void {
  describe(`the store contract, by ${name}`, () => {
    describe('submit', () => submitTests(open));
    describe('the life of a generation', () => lifeTests(open));
    describe('quotas', () => quotaTests(open));
    describe('usage', () => usageTests(open));
    describe('prompt', () => promptTests(open));
    describe('figures', () => figureTests(open));
    describe('conversations and viewers', () => conversationTests(open));
    describe('sharing and links', () => linkTests(open));
    describe('keys and audit', () => keyTests(open));
    describe('pages', () => pagingTests(open));
    describe('statements', () => statementTests(open));
  });
}
