import type { WalletStep } from '../api';
import type { TypedAddress } from '../client';

/** What is in the fields for an address. */
export interface AddressFields {
  address: string;
  memo: string;
  withoutMemo: boolean;
  memoIsText: boolean;
}

const NUMBER_MAX = 2n ** 64n - 1n;

/** Whether a memo is one that Stellar knows as a number and as a text, so that only the user can tell. */
export function couldBeText(format: WalletStep['address_format'], memo: string): boolean {
  const typed = memo.trim();
  const isNumber = /^(0|[1-9][0-9]{0,19})$/.test(typed) && BigInt(typed) <= NUMBER_MAX;
  return format === 'stellar' && isNumber;
}

/** What is sent of the fields on a network; where it has no memos, nothing is said of them. */
export function typedAddress(
  step: Pick<WalletStep, 'memo_name' | 'address_format'>,
  fields: AddressFields,
): TypedAddress {
  const typed: TypedAddress = { address: fields.address.trim() };
  if (step.memo_name === null) return typed;
  const memo = fields.memo.trim();
  if (memo !== '') typed.memo = memo;
  if (fields.withoutMemo) typed.without_memo = true;
  if (fields.memoIsText && couldBeText(step.address_format, memo)) typed.memo_is_text = true;
  return typed;
}
