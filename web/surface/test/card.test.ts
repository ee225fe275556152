import { expect, test } from 'vitest';
import { caretAfter, groupCardNumber, missingInCard, shapeExpiry } from '../src/card';

test.each([
  ['4242424242424242', '4242 4242 4242 4242'],
  ['4242 42', '4242 42'],
  ['42424', '4242 4'],
  ['378282246310005', '3782 822463 10005'],
  ['4242-4242-4242-4242', '4242 4242 4242 4242'],
  ['42424242424242424242999', '4242 4242 4242 4242 424'],
])('%s is grouped as %s', (typed, shown) => {
  expect(groupCardNumber(typed)).toBe(shown);
});

test.each([
  ['', '1', '1'],
  ['1', '12', '12/'],
  ['12/', '12/3', '12/3'],
  ['12/3', '12/34', '12/34'],
  ['', '4', '04/'],
  ['1', '1/', '01/'],
  ['12/3', '12/', '12'],
  ['12/', '12', '1'],
  ['', '12/34', '12/34'],
  ['', '12/2034', '12/34'],
  ['', '12 / 34', '12/34'],
])('from %j to %j the expiry becomes %s', (before, typed, shown) => {
  expect(shapeExpiry(typed, before)).toBe(shown);
});

test('the caret stays behind the digit that was typed', () => {
  expect(caretAfter('4242 4242', 4)).toBe(4);
  expect(caretAfter('4242 4242', 5)).toBe(6);
  expect(caretAfter('4242', 9)).toBe(4);
});

test('what is missing is said per field', () => {
  const card = { number: '4242', expiry: '12/', cvc: '123' };
  expect(Object.keys(missingInCard(card))).toEqual(['number', 'expiry']);
});
