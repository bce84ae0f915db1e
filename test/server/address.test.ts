import type { IncomingMessage } from 'node:http';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { addresses, addressOf } from '../../src/server/address.ts';

const request = (own: string, forwarded?: string) =>
  ({ socket: { remoteAddress: own }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage;

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:c000:207', '192.0.2.7'],
  ['0:0:0:0:0:ffff:c000:0207', '192.0.2.7'],
  ['2001:db8::1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1%eth0'],
])('a socket’s %s is %s, whatever the client says', (own, address) => {
  expect(addressOf(request(own, '10.9.9.9'), 0)).toBe(address);
});

test.each([
  ['192.0.2.7', 1, '192.0.2.7'],
  ['192.0.2.7:5678', 1, '192.0.2.7'],
  ['[2001:db8::1]:443', 1, '2001:db8::1'],
  ['[2001:db8::1]', 1, '2001:db8::1'],
  ['2001:db8::1', 1, '2001:db8::1'],
  ['::ffff:192.0.2.7', 1, '192.0.2.7'],
  ['[::ffff:c000:207]:1', 1, '192.0.2.7'],
  ['10.9.9.9, 192.0.2.7', 1, '192.0.2.7'],
  ['10.9.9.9, 192.0.2.7:1, 10.0.0.3', 2, '192.0.2.7'],
  ['192.0.2.7', 2, '192.0.2.7'],
  ['unknown', 1, '10.0.0.1'],
  ['_hidden:80', 1, '10.0.0.1'],
  ['192.0.2.7:x', 1, '10.0.0.1'],
  ['192.0.2.700', 1, '10.0.0.1'],
  ['', 1, '10.0.0.1'],
  [undefined, 1, '10.0.0.1'],
])('%j through %i proxies is %s', (forwarded, proxies, address) => {
  expect(addressOf(request('::ffff:10.0.0.1', forwarded), proxies)).toBe(address);
});

test.each([
  [0, '10.9.9.9', 1],
  [0, undefined, 0],
  [1, '10.9.9.9', 0],
])('with %i proxies and X-Forwarded-For %j there are %i warnings', (proxies, forwarded, warnings) => {
  const lines: string[] = [];
  const find = addresses(proxies, pino({}, { write: (line: string) => void lines.push(line) }));
  for (let n = 0; n < 3; n++) find(request('10.0.0.1', forwarded));
  expect(lines).toHaveLength(warnings);
});
