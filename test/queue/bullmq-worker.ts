/** Works on the line `whale` until it is killed, and finishes nothing; prints the ids it is given. */
import { writeSync } from 'node:fs';
import { bullmqQueue } from '../../src/queue/bullmq.ts';
import { connectRedis, parseRedisUrl } from '../../src/redis-client.ts';

const address = parseRedisUrl(process.argv[2] ?? '');
if (!address) throw new Error('An address of Redis is needed.');
const redis = connectRedis(address, 'jobs');
await redis.ping();
const queue = bullmqQueue({
  redis,
  connect: () => connectRedis(address, 'jobs'),
  onError: console.error,
  onLost: console.error,
});
const hold = async ({ id }: { id: string }) => {
  writeSync(1, `${id}\n`);
  await new Promise(() => {});
};
await queue.work(hold, new Map([['whale', 2]]));
