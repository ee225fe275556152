// What the page asks for, for each kind of account that the money of a sale can go to. The server decides
// whether an account is good.
import type { AccountKind, AccountRequest } from './api';

export type FieldName =
  | 'iban'
  | 'sort_code'
  | 'routing_number'
  | 'account_number'
  | 'account_type'
  | 'pix_key'
  | 'number'
  | 'expiry';

/** What was typed, or chosen; what is not there is empty. */
export type Typed = Partial<Record<FieldName, string>>;

/** The fields of a kind, in their order. */
export const FIELDS: Record<AccountKind, readonly FieldName[]> = {
  iban: ['iban'],
  sort_code: ['sort_code', 'account_number'],
  aba: ['routing_number', 'account_number', 'account_type'],
  pix: ['pix_key'],
  card: ['number', 'expiry'],
};

/** What to say where nothing was typed. */
export const MISSING: Record<FieldName, string> = {
  iban: 'Enter the IBAN of your account.',
  sort_code: 'Enter the sort code of your bank.',
  routing_number: 'Enter the routing number of your bank.',
  account_number: 'Enter your account number.',
  account_type: 'Choose what kind of account it is.',
  pix_key: 'Enter your Pix key.',
  number: 'Enter the full card number.',
  expiry: 'Enter the expiry as MM/YY.',
};

/** Where the server says what is wrong with a field. */
export const pointerOf = (name: FieldName): string =>
  name === 'number' || name === 'expiry' ? `/card/${name}` : `/${name}`;

/** What to send. */
export function accountOf(kind: AccountKind, typed: Typed): AccountRequest {
  const of = (name: FieldName) => typed[name]?.trim() ?? '';
  switch (kind) {
    case 'sort_code':
      return { sort_code: of('sort_code'), account_number: of('account_number') };
    case 'aba':
      return {
        routing_number: of('routing_number'),
        account_number: of('account_number'),
        account_type: of('account_type') === 'savings' ? 'savings' : 'checking',
      };
    case 'pix':
      return { pix_key: of('pix_key') };
    case 'card':
      return { card: { number: of('number'), expiry: of('expiry') } };
    default:
      return { iban: of('iban') };
  }
}

/** The same the other way round: an account as it would have been typed. */
export function typedOf(account: AccountRequest): Typed {
  return 'card' in account ? account.card : account;
}
