import { describe, expect, it } from 'vitest';
import { accountOf, FIELDS, MISSING, pointerOf, typedOf } from '../src/account-forms';
import type { AccountKind, AccountRequest } from '../src/api';
import { groupSortCode } from '../src/card';

const ACCOUNTS: Record<AccountKind, AccountRequest> = {
  iban: { iban: 'DE09 0000 0000 0000 0000 01' },
  sort_code: { sort_code: '00-00-00', account_number: '00000001' },
  aba: {
    routing_number: '110000000',
    account_number: '000000000001',
    account_type: 'savings',
  },
  pix: { pix_key: 'paid@pix.test' },
  card: { card: { number: '4000 0566 5566 5556', expiry: '12/40' } },
};

describe('the form of each kind of account', () => {
  for (const [kind, account] of Object.entries(ACCOUNTS) as [AccountKind, AccountRequest][]) {
    it(`sends what was typed: ${kind}`, () => {
      const typed = typedOf(account);
      expect(Object.keys(typed).sort()).toEqual([...FIELDS[kind]].sort());
      expect(accountOf(kind, typed)).toEqual(account);
      for (const name of FIELDS[kind]) expect(MISSING[name]).toMatch(/\.$/);
    });
  }

  it('sends nothing of another kind, and no blanks around it', () => {
    expect(accountOf('pix', { pix_key: ' ada@example.com ', iban: 'DE00' })).toEqual({
      pix_key: 'ada@example.com',
    });
    expect(accountOf('aba', { routing_number: '1', account_number: '2' })).toEqual({
      routing_number: '1',
      account_number: '2',
      account_type: 'checking',
    });
  });

  it('knows where the server tells what is wrong', () => {
    expect(pointerOf('sort_code')).toBe('/sort_code');
    expect(pointerOf('expiry')).toBe('/card/expiry');
  });
});

describe('a sort code', () => {
  it('is written in pairs while it is typed', () => {
    const typed = ['3', '30', '309', '3090', '30900', '309009', '30-90-09', '3 0 9'];
    expect(typed.map(groupSortCode)).toEqual([
      '3',
      '30',
      '30-9',
      '30-90',
      '30-90-0',
      '30-90-09',
      '30-90-09',
      '30-9',
    ]);
  });

  it('is not cut short, so that what is too long can be told', () => {
    expect(groupSortCode('3090091')).toBe('30-90-09-1');
  });
});
