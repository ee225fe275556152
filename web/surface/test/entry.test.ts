import { expect, test } from 'vitest';
import { readClaims, readEntry } from '../src/entry';

const token = (claims: object) => `e30.${btoa(JSON.stringify(claims))}.s`;

test('the path says where the page stands, the fragment brings the rest', () => {
  expect(readEntry('/embed/pt_1/test', '#token=t.t.t&theme=dark')).toMatchObject({
    place: 'embed',
    token: 't.t.t',
    theme: 'dark',
  });
  expect(readEntry('/checkout', '#cs=cs_1_secret_x&pk=pk_test_1&theme=blue')).toMatchObject({
    place: 'checkout',
    client_secret: 'cs_1_secret_x',
    publishable_key: 'pk_test_1',
    theme: null,
  });
});

test('the token names the origin that may talk with the page', () => {
  expect(readClaims(token({ org: 'https://shop.example', sub: 'cs_1', exp: 10 }))).toEqual({
    origin: 'https://shop.example',
    session_id: 'cs_1',
    expires_at_ms: 10_000,
  });
});

test.each(['', 'x', 'a.b.c', token([]), 'a.bnVsbA.c'])('a token like %j claims nothing', (bad) => {
  expect(readClaims(bad)).toEqual({ origin: null, session_id: null, expires_at_ms: null });
});
