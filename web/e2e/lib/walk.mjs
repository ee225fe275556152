// Takes a checkout through every state that a buyer can see, for audits and pictures.
import { CARD, Checkout, IBAN, WALLET } from './checkout.mjs';

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {import('./api.mjs').Api} Api
 * @typedef {(state: string) => Promise<void>} Look
 */

/** @param {Page} page @param {Api} api @param {'light' | 'dark'} theme @param {Look} look */
export async function walk(page, api, theme, look) {
  const checkout = new Checkout(page);
  const open = async (fields = {}) => {
    const session = await api.createSession(fields);
    // The same address again would only move within the page.
    await page.goto('about:blank');
    await page.goto(api.checkoutAddress(session, theme));
    await checkout.hasPrice();
    return session;
  };

  await open();
  await look('amount');
  await checkout.press('Cancel purchase');
  await look('amount-cancelling');
  await checkout.press('Keep going');
  await checkout.acceptPrice();
  await look('wallet');
  await page.getByRole('textbox', { name: 'Wallet address' }).fill('0x123');
  await checkout.press('Continue to payment');
  await page.locator('[aria-invalid="true"]').waitFor();
  await look('wallet-refused');
  await checkout.giveWallet(WALLET.slow);
  await look('payment');
  await checkout.press(/^Pay €/);
  await page.locator('[aria-invalid="true"]').first().waitFor();
  await look('payment-incomplete');
  await checkout.payWith(CARD.declined);
  await checkout.shows('This did not go through');
  await look('declined');
  await checkout.press('Try again');
  await checkout.acceptPriceAgain();
  await checkout.payWith(CARD.challenge);
  await checkout.shows('Confirm it’s you');
  await look('challenge');
  await checkout.confirmWith('123456');
  await checkout.shows('Sending your crypto');
  await look('sending');
  await checkout.isDone();
  await look('done');

  await open({ target_token: 'USDC', target_network: 'base', wallet_address: WALLET.fails });
  await look('amount-pinned');
  await checkout.acceptPriceAgain();
  await checkout.payWith(CARD.slow);
  await checkout.shows('Confirming your payment');
  await look('authorising');
  await checkout.shows('This did not go through');
  await look('refunded');

  await open();
  await page.getByRole('radio', { name: 'Sell' }).check();
  await checkout.shows('Choose what to sell');
  await checkout.hasPrice();
  await look('sale-amount');
  await checkout.press('Continue with this price');
  await checkout.giveAccount('DE00 0000 0000 0000 0000 01');
  await page.locator('[aria-invalid="true"]').waitFor();
  await look('sale-account-refused');
  await checkout.giveAccount(IBAN.slow);
  await checkout.shows('Where would it go back to?');
  await look('sale-refund-address');
  await checkout.giveRefundAddress();
  await look('sale-confirm');
  await checkout.press('Show me where to send');
  await checkout.shows(/^Send /);
  await page.locator('.qr img').waitFor();
  await look('sale-deposit');
  await checkout.press(/^Too little/);
  await checkout.shows('Send the rest');
  await look('sale-deposit-short');
  await checkout.press(/^What is missing/);
  await checkout.shows('Paying you out');
  await look('sale-paying-out');
  await checkout.isPaidOut();
  await look('sale-done');

  const late = await open({ flow: 'off_ramp', target_token: 'USDC', target_network: 'base' });
  await checkout.goToDeposit();
  await api.advanceTime(late.id, 3_600);
  await page.getByText('The price has lapsed').first().waitFor();
  await look('sale-deposit-lapsed');
  await checkout.press(/^What is missing/);
  await checkout.shows(/^The price (has changed|was renewed)/);
  await page.getByRole('button', { name: /^Sell for/ }).waitFor();
  await look('sale-new-price');
  await checkout.press(/^Send my USDC back/);
  await checkout.shows('This did not go through');
  await look('sale-new-price-declined');

  const sell = { flow: 'off_ramp', target_token: 'USDC', target_network: 'base' };
  await open({ ...sell, currency: 'GBP' });
  await look('sale-uk-amount');
  await checkout.press('Continue with this price');
  await checkout.giveUkAccount({ sort_code: '00-00-0', account_number: '12' });
  await page.locator('[aria-invalid="true"]').first().waitFor();
  await look('sale-uk-account-refused');
  await checkout.giveUkAccount();
  await checkout.giveRefundAddress();
  await look('sale-uk-confirm');
  await open({ ...sell, currency: 'USD' });
  await checkout.press('Continue with this price');
  await checkout.shows('Where should the money go?');
  await look('sale-us-account');
  await checkout.giveUsAccount({ routing_number: '110000001', account_number: '000000000001' });
  await page.locator('[aria-invalid="true"]').first().waitFor();
  await look('sale-us-account-refused');
  await open({ ...sell, currency: 'BRL' });
  await checkout.press('Continue with this price');
  await checkout.shows('Where should the money go?');
  await look('sale-pix-account');
  await open(sell);
  await page.getByRole('combobox', { name: 'Get paid' }).selectOption({ label: 'To a card' });
  await checkout.hasPrice();
  await checkout.press('Continue with this price');
  await checkout.shows('Where should the money go?');
  await look('sale-card-account');

  await open({ flow: 'swap', target_token: 'USDC', target_network: 'base' });
  await look('swap-amount');
  await checkout.goToSwap();
  await look('swap-deposit');
  await checkout.press(/^What is missing/);
  await checkout.isDone();
  await look('swap-done');

  const large = await open({ amount: '6000.00' });
  await checkout.acceptPrice();
  await checkout.giveWalletAndIdentity();
  await look('identity');
  // Whoever has been here before is asked less.
  const email = `${large.id}@example.com`;
  await checkout.askForCode(email);
  await look('identity-code');
  await checkout.giveCode('000000');
  await page.locator('[aria-invalid="true"]').waitFor();
  await look('identity-code-wrong');
  await checkout.giveCode(await api.codeFor(email));
  await checkout.shows('About you');
  await look('identity-details');
  await checkout.press('Continue');
  await page.locator('[aria-invalid="true"]').first().waitFor();
  await look('identity-details-incomplete');
  await checkout.isPerson(/^Is not confirmed/);
  await page.getByText('We could not confirm who you are').waitFor();
  await look('identity-rejected');
  await checkout.isPerson(/^Takes twenty/);
  await checkout.shows('Checking');
  await look('identity-checking');

  await open({ currency: 'USD' });
  const { gate } = api;
  await gate.command('capabilities', 'off', 'currency:USD', '--reason', 'Our bank is closed.');
  try {
    await checkout.shows('Not available at the moment');
    await look('not-available');
  } finally {
    await gate.command('capabilities', 'on', 'currency:USD');
  }

  const expiring = await open();
  await api.expire(expiring.id);
  await checkout.shows('This checkout has expired');
  await look('expired');
  const cancelled = await open();
  await api.cancel(cancelled.id);
  await checkout.shows('Checkout cancelled');
  await look('cancelled');
  await page.goto('about:blank');
  await page.goto(api.checkoutAddress(cancelled, theme));
  await checkout.shows('This checkout was cancelled');
  await look('unavailable');
}
