// What the user gives and gets, in words: a purchase and a sale are the same price read from two ends.
import type { Flow, Quote, Step } from '../api';
import { formatCrypto, formatFiat } from '../money';

export const isSale = ({ side }: Pick<Quote, 'side'>): boolean => side === 'off_ramp';

/** The price that a step shows, if it shows one. */
export const quoteOf = (step: Step): Quote | null => ('quote' in step ? step.quote : null);

/** What the user of a step does. */
export function flowOf(step: Step): Flow {
  if (step.kind === 'amount') return step.flow;
  const quote = quoteOf(step);
  if (quote?.paid_in) return 'swap';
  return quote !== null && isSale(quote) ? 'off_ramp' : 'on_ramp';
}

const fiat = (quote: Quote) => formatFiat(quote.fiat_amount, quote.currency);
const crypto = (quote: Quote) => formatCrypto(quote.crypto_amount, quote.target_token);

/** The tokens that the user sends, of a sale or a swap. */
export function sent(quote: Quote): { amount: string; token: string } {
  const { paid_in, crypto_amount, target_token } = quote;
  return paid_in ?? { amount: crypto_amount, token: target_token };
}

/** What the user hands over. */
export function given(quote: Quote): string {
  if (quote.paid_in) return formatCrypto(quote.paid_in.amount, quote.paid_in.token);
  return isSale(quote) ? crypto(quote) : fiat(quote);
}

/** What the user is handed. */
export const gotten = (quote: Quote): string => (isSale(quote) ? fiat(quote) : crypto(quote));

/** A word as a label begins. */
export const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
