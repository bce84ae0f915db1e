import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MyGenerationsDocument } from '../../src/client/generated/operations.ts';
import { says } from '../backends/scripted-steps.ts';
import { subscribe } from './client.ts';
import { Collector, Reader } from './reader.ts';
import { type Scene, startScene } from './scene.ts';

const line = 'Nobody reads this to its end, or somebody does. ';
/** For ever, as far as a test goes; and about five seconds, which is longer than the grace. */
const endless = says(line.repeat(500), { tokensPerSecond: 20 });
const fiveSeconds = says(line.repeat(20), { tokensPerSecond: 40 });

let scene: Scene;
beforeAll(async () => {
  const patient = { timeouts: { connect: '5s', firstToken: '10m', betweenTokens: '10m' }, servers: 1 };
  const names = ['left-ws', 'left-sse', 'queued', 'two', 'back', 'goes-on', 'other', 'unread'];
  scene = await startScene(Object.fromEntries(names.map((name) => [name, { ...patient, concurrency: 1 }])));
});
afterAll(() => scene[Symbol.asyncDispose]());

const cancelling = { onDisconnect: 'CANCEL' } as const;

describe.concurrent('a generation with onDisconnect: CANCEL', () => {
  test.for(['ws', 'sse'] as const)('is cancelled after its only follower has left, by %s', async (transport) => {
    const model = `left-${transport}`;
    scene.backend(model).answer(endless);
    const reader = new Reader(scene.url, await scene.generate(model, cancelling), { transport });
    await reader.untilText(1);
    reader.close();
    const from = Date.now();
    await (await scene.backend(model).request(0)).left;
    console.log(`left by ${transport}: the upstream request was gone ${Date.now() - from} ms after the follower`);
    const found = await scene.find(reader.id);
    expect(found).toMatchObject({ status: 'CANCELLED', finishReason: 'CANCELLED' });
    expect(found.text.startsWith(reader.answer.text)).toBe(true);
  });

  test('is cancelled while it is in line', async () => {
    scene.backend('queued').answer(fiveSeconds);
    const first = await scene.follow('queued');
    await first.until('AttemptStarted');
    const second = await scene.follow('queued', cancelling);
    await second.until('GenerationQueued');
    second.close();
    expect(await first.end()).toMatchObject({ status: 'COMPLETED' });
    expect(await scene.find(second.id)).toMatchObject({ status: 'CANCELLED', attempts: 0 });
    expect(scene.backend('queued').requests).toHaveLength(1);
  });

  test('goes on for as long as one of its followers stays', async () => {
    scene.backend('two').answer(fiveSeconds);
    const stays = await scene.follow('two', cancelling);
    const leaves = new Reader(scene.url, stays.id, { transport: 'sse' });
    await Promise.all([stays.untilText(1), leaves.untilText(1)]);
    leaves.close();
    expect(await stays.end()).toMatchObject({ status: 'COMPLETED' });
  });

  test('goes on when a follower comes back in time', async () => {
    scene.backend('back').answer(fiveSeconds);
    const reader = await scene.follow('back', cancelling);
    await reader.untilText(1);
    reader.close();
    const again = new Reader(scene.url, reader.id, { transport: 'sse', after: reader.answer.cursor ?? '' });
    expect(await again.end()).toMatchObject({ status: 'COMPLETED' });
    expect((await scene.find(reader.id)).text).toBe(line.repeat(20));
  });

  test('is not asked of a generation with onDisconnect: CONTINUE', async () => {
    scene.backend('goes-on').answer(fiveSeconds);
    const reader = await scene.follow('goes-on');
    await reader.untilText(1);
    reader.close();
    // Takes longer than the grace.
    scene.backend('other').answer(fiveSeconds);
    await (await scene.follow('other')).end();
    const again = new Reader(scene.url, reader.id);
    expect(await again.end()).toMatchObject({ status: 'COMPLETED' });
  });

  test('goes on where nobody ever followed it', async () => {
    scene.backend('unread').answer(fiveSeconds);
    const id = await scene.generate('unread', cancelling);
    await scene.backend('unread').request(0);
    const mine = new Collector(subscribe('ws', scene.url, MyGenerationsDocument, {}));
    await mine.until(({ myGenerations: each }) => each.id === id && each.status === 'COMPLETED');
  });
});
