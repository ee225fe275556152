import { expect, test } from 'vitest';
import { readMessage } from '../src/messages';

const message = (type: unknown, payload: unknown = {}) => ({
  source: '0gate',
  version: 1,
  type,
  payload,
});

test('what the frame says is read', () => {
  expect(readMessage(message('ready'))).toEqual({ type: 'ready' });
  expect(readMessage(message('resize', { height: 612 }))).toEqual({ type: 'resize', height: 612 });
  expect(readMessage(message('success', { txId: 'tx', sessionId: 'cs' }))).toEqual({
    type: 'success',
    txId: 'tx',
    sessionId: 'cs',
  });
  expect(readMessage(message('close', { reason: 'user' }))).toEqual({
    type: 'close',
    reason: 'user',
  });
});

test.each([
  null,
  'ready',
  42,
  {},
  { ...message('ready'), version: 2 },
  { ...message('ready'), source: 'other' },
  message('paid'),
  message(7),
  message('resize', { height: '100%' }),
  message('resize', { height: -1 }),
  message('resize', { height: 1e9 }),
  message('resize', null),
])('%j is not for us', (data) => {
  expect(readMessage(data)).toBeNull();
});

test('a payload of the wrong shape becomes empty words, not strange objects', () => {
  expect(readMessage(message('error', { code: {}, message: [] }))).toEqual({
    type: 'error',
    code: '',
    message: '',
  });
});
