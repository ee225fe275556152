import type { AccountKind } from '../api';

/** Where the money of a sale goes, in a sentence. */
export const TO: Record<AccountKind, string> = {
  iban: 'to your bank account',
  sort_code: 'to your bank account',
  aba: 'to your bank account',
  pix: 'to your Pix key',
  card: 'to your card',
};
