import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { holdWhileOpen } from '../../src/domain/hold.ts';

const taken = () => {
  const held = { released: 0, release: () => void held.released++ };
  return held;
};

test('is given back when the socket closes, and no sooner', async () => {
  const [socket, held] = [new PassThrough(), taken()];
  await holdWhileOpen(socket, async () => held);
  expect(held.released).toBe(0);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.destroy();
  await closed;
  expect(held.released).toBe(1);
});

test('is given back at once where the socket has closed meanwhile', async () => {
  const [socket, held] = [new PassThrough(), taken()];
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await holdWhileOpen(socket, async () => {
    socket.destroy();
    await closed;
    return held;
  });
  expect(held.released).toBe(1);
});
