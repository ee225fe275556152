import { expect, test } from 'vitest';
import { formatCrypto, formatFiat, groupDigits } from '../src/money';

test.each([
  ['0', '0'],
  ['100.00', '100.00'],
  ['1234.5', '1,234.5'],
  ['1234567.8901234', '1,234,567.8901234'],
  ['-1234.00', '-1,234.00'],
  // More digits than a float has: every one of them stays.
  [
    '123456789012345678901234.000000000000000001',
    '123,456,789,012,345,678,901,234.000000000000000001',
  ],
  ['not a number', 'not a number'],
])('%s is shown as %s', (amount, shown) => {
  expect(groupDigits(amount)).toBe(shown);
});

test.each([
  ['100.00', 'EUR', '€100.00'],
  ['1999.90', 'USD', '$1,999.90'],
  ['100.00', 'CHF', 'CHF\u00a0100.00'],
  ['-1.50', 'GBP', '-£1.50'],
  ['1', 'nonsense', 'nonsense\u00a01'],
])('%s %s is shown as %s', (amount, currency, shown) => {
  expect(formatFiat(amount, currency)).toBe(shown);
});

test('a token stands behind its amount', () => {
  expect(formatCrypto('0.000000000000000001', 'ETH')).toBe('0.000000000000000001\u00a0ETH');
});
