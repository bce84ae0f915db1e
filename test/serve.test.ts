import { expect, test } from 'vitest';
import { describeError } from '../src/serve.ts';

test('the log has of an error what it is and where it comes from, and nothing else that hangs on it', () => {
  const command = { name: 'hello', args: ['3', 'AUTH', 'default', 'hunter2'] };
  const inner = Object.assign(new Error('WRONGPASS'), { command });
  const error = Object.assign(new TypeError('no way in', { cause: inner }), {
    code: 'EAUTH',
    command,
    previousErrors: [inner],
    connection: { password: 'hunter2' },
  });
  const described = describeError(error);
  expect(described).toEqual({
    type: 'TypeError',
    message: expect.stringContaining('no way in'),
    stack: expect.stringContaining('serve.test.ts'),
    code: 'EAUTH',
  });
  // Also what it comes from is named, by its words.
  expect(JSON.stringify(described)).toContain('WRONGPASS');
  expect(JSON.stringify(described)).not.toContain('hunter2');
});

test('what is no error is logged as it is', () => {
  expect(describeError('stopped')).toBe('stopped');
  expect(describeError(undefined)).toBeUndefined();
});
