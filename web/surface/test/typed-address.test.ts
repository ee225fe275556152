import { expect, test } from 'vitest';
import { couldBeText, typedAddress } from '../src/parts/typed-address';

const STELLAR = { memo_name: 'memo', address_format: 'stellar' } as const;
const XRP = { memo_name: 'destination tag', address_format: 'xrp' } as const;
const EVM = { memo_name: null, address_format: 'evm' } as const;
const FIELDS = { address: ' G1 ', memo: '', withoutMemo: false, memoIsText: false };

test('only digits on Stellar could be a number and a text', () => {
  expect(couldBeText('stellar', ' 271828 ')).toBe(true);
  expect(couldBeText('stellar', 'order 7')).toBe(false);
  expect(couldBeText('stellar', '')).toBe(false);
  expect(couldBeText('xrp', '271828')).toBe(false);
  // Zeros before it and what no number holds make it a text, whatever is said.
  expect(couldBeText('stellar', '0')).toBe(true);
  expect(couldBeText('stellar', '042')).toBe(false);
  expect(couldBeText('stellar', '18446744073709551615')).toBe(true);
  expect(couldBeText('stellar', '18446744073709551616')).toBe(false);
});

test('digits are a number until the user says that they are a text', () => {
  const typed = { address: 'G1', memo: '7' };
  expect(typedAddress(STELLAR, { ...FIELDS, memo: ' 7' })).toEqual(typed);
  const told = { ...FIELDS, memo: '7', memoIsText: true };
  expect(typedAddress(STELLAR, told)).toEqual({ ...typed, memo_is_text: true });
  expect(typedAddress(XRP, told)).toEqual(typed);
  // What was ticked for digits says nothing of the words that stand there now.
  expect(typedAddress(STELLAR, { ...told, memo: 'mine' })).toEqual({ address: 'G1', memo: 'mine' });
});

test('nothing is said of memos where there are none', () => {
  const told = { ...FIELDS, memo: '7', withoutMemo: true, memoIsText: true };
  expect(typedAddress(EVM, told)).toEqual({ address: 'G1' });
  expect(typedAddress(XRP, { ...told, memo: '' })).toEqual({ address: 'G1', without_memo: true });
});
