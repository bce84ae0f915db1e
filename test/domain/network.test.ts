import { expect, test } from 'vitest';
import { networkOf } from '../../src/domain/network.ts';

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['', ''],
  ['unix', 'unix'],
  ['::1', '0:0:0:0::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:DB8:0:1:2:3:4:5', '2001:db8:0:1::/64'],
  ['2001:db8:0001:0002::', '2001:db8:1:2::/64'],
  ['1::2:3:4:5:6:7', '1:0:2:3::/64'],
  ['64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%j counts as %j', (ip, network) => {
  expect(networkOf(ip)).toBe(network);
});
