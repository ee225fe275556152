import { describe, expect, it } from 'vitest';
import type { NotTaken } from '../src/api';
import { notTakenWords } from '../src/parts/not-taken-words';

const surplus: NotTaken = {
  amount: '99889.40',
  token: 'USDC',
  network_name: 'Base',
  status: 'returning',
  cause: 'surplus',
  back_to: '0x52908400098527886E0F7030069857D2E4169EE7',
  back_to_memo: null,
};
const words = (change: Partial<NotTaken>) =>
  notTakenWords({ ...surplus, ...change }, 'Acme').replaceAll('\u00a0', ' ');

describe('what came and did not count', () => {
  it('goes back, or has gone back', () => {
    expect(words({})).toBe(
      '99,889.40 USDC was more than asked for and goes back to 0x529084…169EE7.',
    );
    expect(words({ status: 'returned', cause: 'unexpected' })).toBe(
      '99,889.40 USDC came when nothing was expected any more and has gone back to 0x529084…169EE7.',
    );
    expect(words({ cause: 'sale_ended', back_to: 'rAB', back_to_memo: '7' })).toBe(
      '99,889.40 USDC was not used and goes back to rAB with the memo 7.',
    );
    expect(words({ cause: 'return_failed' })).toBe('99,889.40 USDC goes back to 0x529084…169EE7.');
  });

  it('is held, and the user is told who knows', () => {
    const held = { status: 'held', amount: '110', token: 'EURC' } as const;
    expect(words({ ...held, cause: 'wrong_asset' })).toBe(
      '110 EURC on Base cannot be taken in here. Our team has been told, and Acme has too.',
    );
    expect(words({ ...held, cause: 'return_failed' })).toBe(
      '110 EURC could not be sent back to 0x529084…169EE7. Our team has been told, and Acme has too.',
    );
    expect(words({ ...held, cause: 'return_unknown' })).toMatch(/not known yet whether it arrived/);
  });
});
