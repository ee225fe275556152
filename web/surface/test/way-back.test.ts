import { expect, test } from 'vitest';
import { makeSession } from '../dev/journeys.mjs';
import type { Session } from '../src/api';
import { wayBack } from '../src/way-back';

const session = (over: Partial<Session>) =>
  ({
    ...makeSession(),
    id: 'cs_1',
    return_url: 'https://shop.example/back?order=7',
    ...over,
  }) as Session;

test('the result is appended to what the partner gave', () => {
  expect(wayBack(session({}), 'done')).toBe(
    'https://shop.example/back?order=7&gate_session_id=cs_1&gate_result=done',
  );
});

test('a cancelled purchase prefers its own address', () => {
  const cancel_url = 'https://shop.example/cart';
  expect(wayBack(session({ cancel_url }), 'cancelled')).toContain('/cart?gate_session_id=cs_1');
  expect(wayBack(session({}), 'cancelled')).toContain('/back?order=7&');
});

test('only addresses of the web are followed', () => {
  expect(wayBack(session({ return_url: 'javascript:alert(1)' }), 'done')).toBeNull();
  expect(wayBack(session({ return_url: 'nonsense' }), 'done')).toBeNull();
});
