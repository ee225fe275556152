// Amounts are shown exactly as the server wrote them: only separators and a symbol are added, by
// string operations. A float would one day show a different number than the one that is charged.
import type { Decimal } from './api';

// The page speaks English, so its numbers do too: one convention per page, whatever the browser.
const LOCALE = 'en';

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/** "1234.50" as "1,234.50". What is not a decimal is shown as it came. */
export function groupDigits(amount: Decimal): string {
  const match = DECIMAL.exec(amount);
  if (!match) return amount;
  const [, sign = '', whole = '', fraction] = match;
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${sign}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** "100.00", "EUR" as "€100.00". */
export function formatFiat(amount: Decimal, currency: string): string {
  const digits = groupDigits(amount);
  if (digits.startsWith('-')) return `-${formatFiat(amount.slice(1), currency)}`;
  const symbol = currencySymbol(currency);
  // A symbol of letters ("CHF") needs room; the space must not break.
  return /[A-Z]$/i.test(symbol) ? `${symbol}\u00a0${digits}` : `${symbol}${digits}`;
}

/** "104.123456", "USDC" as "104.123456 USDC". */
export function formatCrypto(amount: Decimal, token: string): string {
  return `${groupDigits(amount)}\u00a0${token}`;
}

function currencySymbol(currency: string): string {
  try {
    const parts = new Intl.NumberFormat(LOCALE, { style: 'currency', currency }).formatToParts(0);
    return parts.find((part) => part.type === 'currency')?.value ?? currency;
  } catch {
    return currency; // a code that Intl refuses is still worth showing
  }
}
