// What the user gives and gets, in words: a purchase and a sale are the same price read from two ends.
import type { Quote, Step } from '../api';
import { formatCrypto, formatFiat } from '../money';

export const isSale = ({ side }: Pick<Quote, 'side'>): boolean => side === 'off_ramp';

/** The price that a step shows, if it shows one. */
export const quoteOf = (step: Step): Quote | null => ('quote' in step ? step.quote : null);

/** Whether the user of a step sells. */
export function sells(step: Step): boolean {
  const quote = quoteOf(step);
  return step.kind === 'amount' ? step.flow === 'off_ramp' : quote !== null && isSale(quote);
}

const fiat = (quote: Quote) => formatFiat(quote.fiat_amount, quote.currency);
const crypto = (quote: Quote) => formatCrypto(quote.crypto_amount, quote.target_token);

/** What the user hands over. */
export const given = (quote: Quote): string => (isSale(quote) ? crypto(quote) : fiat(quote));

/** What the user is handed. */
export const gotten = (quote: Quote): string => (isSale(quote) ? fiat(quote) : crypto(quote));
