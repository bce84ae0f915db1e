import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApiKeys } from '../../src/auth/keys.ts';
import { startApp, type TestApp } from '../graphql/app.ts';
import { generate, read } from '../graphql/verbs.ts';

const executablePath = '/usr/bin/chromium';
const flags = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

let app: TestApp;
let browser: Browser;
let url = '';
beforeAll(async () => {
  if (!existsSync(executablePath)) return;
  app = await startApp({
    yaml: 'models: [{ id: ngram-moby-dick, backends: [{ kind: ngram, tokensPerSecond: 200 }] }]',
  });
  url = `${await app.listen()}/graphql`;
  browser = await chromium.launch({ executablePath, args: flags });
});
afterAll(async () => {
  await browser?.close();
  await app?.[Symbol.asyncDispose]();
});

/** GraphiQL in a new window, every address that the window has asked for, and what its policy did not let it do. */
async function open(address = url): Promise<{ page: Page; asked: string[]; refused: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 800 } });
  const page = await context.newPage();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('websocket', (socket) => asked.push(socket.url()));
  const refused: string[] = [];
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) refused.push(message.text());
  });
  await page.goto(address);
  await page.locator('.graphiql-query-editor').waitFor();
  return { page, asked, refused };
}

/** Brings a tab to the front. They fly in when the page opens, and take no click until they are there. */
async function choose(page: Page, name: string): Promise<void> {
  const tab = page.getByRole('tab').filter({ hasText: name });
  const chosen = async () => {
    await tab.getByText(name, { exact: true }).click();
    return tab.getAttribute('aria-selected');
  };
  await expect.poll(chosen).toBe('true');
}

const button = (page: Page) => page.locator('.graphiql-execute-button');
/** The answer as far as it is in view; the editor shows no-break spaces. */
async function shown(page: Page): Promise<string> {
  const lines = await page.locator('.result-window .view-line').allTextContents();
  return lines.join('\n').replaceAll('\u00a0', ' ');
}

const inBrowser = test.skipIf(!existsSync(executablePath));

inBrowser('GraphiQL shows the example tabs, and asks no other host for anything', async () => {
  const { page, asked } = await open();
  await expect
    .poll(() => page.locator('.graphiql-tab').allInnerTexts())
    .toEqual(['Ask', 'Follow', 'Dashboard', 'Models']);
  await page.waitForLoadState('networkidle');
  const hosts = asked.filter((each) => /^(http|ws)/.test(each)).map((each) => new URL(each).host);
  expect(new Set(hosts)).toEqual(new Set([new URL(url).host]));
  await page.context().close();
});

inBrowser('a mutation and a query run in GraphiQL, within what its policy lets it do', async () => {
  const { page, refused } = await open();
  await button(page).click();
  await expect.poll(() => shown(page)).toMatch(/"id": "gen_\w+"/);
  await choose(page, 'Dashboard');
  // It takes the new tab's operation for its own a moment after it shows it: a person would just press again.
  const pressed = async () => {
    await button(page).click();
    return shown(page);
  };
  await expect.poll(pressed).toMatch('"viewer"');
  expect(await shown(page)).not.toMatch('"errors"');
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.getByText('Schema', { exact: false }).first().waitFor();
  expect(refused).toEqual([]);
  const runs =
    'new Promise((done) => { window.stranger = done; document.body.append(Object.assign(document.createElement("script"), { text: "stranger()" })); setTimeout(() => done("held back")); })';
  expect(await page.evaluate(runs)).toBe('held back');
  await page.context().close();
});

inBrowser('a subscription runs in GraphiQL over WebSocket to its end', async () => {
  const { page, asked } = await open();
  const id = await generate(app, 'Call me', { parameters: { maxTokens: 40, seed: 1 } });
  await choose(page, 'Follow');
  await page.locator('.graphiql-editor-tool .monaco-editor').first().click();
  await page.keyboard.press('Control+A');
  await page.keyboard.type(JSON.stringify({ id }));
  // The editor closes brackets and quotes by itself: what it has added goes again.
  await page.keyboard.press('Control+Shift+End');
  await page.keyboard.press('Delete');
  await button(page).click();
  await expect.poll(() => shown(page)).toMatch('"__typename": "GenerationEnded"');
  expect(await shown(page)).toMatch('"status": "COMPLETED"');
  await expect.poll(() => button(page).getAttribute('aria-label')).toMatch('Execute');
  expect(asked).toContain(url.replace('http', 'ws'));
  expect((await read(app, id)).length).toBeGreaterThan(40);
  await page.context().close();
});

inBrowser(
  'where clients show who they are, the page loads for everybody, and sends its headers with all it does',
  async () => {
    await using own = await startApp({ yaml: 'auth: { mode: apiKey }' });
    const input = { name: 'Ann', role: 'ADMIN', viewerId: null, expiresAt: null } as const;
    const { token } = await createApiKeys(own.parts.store).create(input, { actorId: null, ip: null });
    const { page } = await open(`${await own.listen()}/graphql`);
    const bodies: string[] = [];
    const initial: string[] = [];
    page.on('request', (request) => bodies.push(request.postData() ?? ''));
    page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => initial.push(String(payload))));
    await button(page).click();
    await expect.poll(() => shown(page)).toMatch('UNAUTHENTICATED');
    await choose(page, 'Models');
    await page.getByRole('button', { name: 'Headers', exact: true }).click();
    await page.locator('.graphiql-editor-tool .monaco-editor:visible').click();
    await page.keyboard.press('Control+A');
    await page.keyboard.type(JSON.stringify({ Authorization: `Bearer ${token}` }));
    await page.keyboard.press('Control+Shift+End');
    await page.keyboard.press('Delete');
    await button(page).click();
    await expect.poll(() => shown(page)).toMatch('"requestsProcessed"');
    expect(initial.some((frame) => frame.includes('connection_init') && frame.includes(token))).toBe(true);
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'POST'),
      page.getByRole('button', { name: /Re-fetch/ }).click(),
    ]);
    expect(answer.status()).toBe(200);
    expect(bodies.join()).not.toContain(token);
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
    expect(kept).not.toContain(token);
    await page.context().close();
  },
);
