// Somebody sells, and is paid out as people are where they live.
import assert from 'node:assert/strict';
import { Checkout, PAYOUT_CARD, PIX, UK, US } from '../lib/checkout.mjs';
import { stage } from '../lib/story.mjs';

const story = stage();
// An account that cannot be one is answered 400.
const expected = [/status of 400/];

/** @param {import('../lib/story.mjs').Stage} actors @param {string} currency */
async function open({ page, api }, currency) {
  const session = await api.createSession({
    flow: 'off_ramp',
    target_token: 'USDC',
    target_network: 'base',
    currency,
  });
  await page.goto('about:blank');
  await page.goto(api.checkoutAddress(session));
  const checkout = new Checkout(page);
  await checkout.hasPrice();
  return { session, checkout };
}

story(
  'is paid to an account in the United Kingdom, after a typing mistake',
  async (actors) => {
    const { page, api } = actors;
    const { session, checkout } = await open(actors, 'GBP');
    await checkout.press('Continue with this price');
    await checkout.shows('Where should the money go?');
    const sortCode = page.getByRole('textbox', { name: 'Sort code' });
    await checkout.press('Continue');
    await page.getByText('Enter the sort code of your bank.').waitFor();
    await page.getByText('Enter your account number.').waitFor();
    await sortCode.pressSequentially('000');
    assert.equal(await sortCode.inputValue(), '00-0', 'it is written as it is printed');
    assert.equal(await sortCode.getAttribute('inputmode'), 'numeric');
    await page.getByRole('textbox', { name: 'Account number' }).fill('123');
    await checkout.press('Continue');
    await page.getByText('A sort code has 6 digits, such as 30-90-09.').waitFor();
    await page.getByText('An account number has 6 to 8 digits').waitFor();
    assert.ok(await sortCode.evaluate((input) => input === document.activeElement));
    await checkout.giveUkAccount(UK.paid);
    await checkout.sendAndBePaid();
    await checkout.isPaidOut();
    await page.getByText('Account in GB … 0001').waitFor();
    const [transaction] = await api.transactionsOf(session.id);
    assert.equal(transaction.payment_method, 'faster_payments_payout');
  },
  { expected },
);

story(
  'is paid to a British account by its IBAN',
  async (actors) => {
    const { page } = actors;
    const { checkout } = await open(actors, 'GBP');
    await checkout.press('Continue with this price');
    await checkout.press('Use an IBAN instead');
    await checkout.giveAccount('DE09 0000 0000 0000 0000 01');
    await page.getByText('Send sort_code and account_number').waitFor();
    await checkout.giveAccount('GB29 NWBK 6016 1331 9268 19');
    await checkout.sendAndBePaid();
    await checkout.isPaidOut();
    await page.getByText('Account in GB … 6819').waitFor();
  },
  { expected },
);

story(
  'is paid to an account in the United States, the second time',
  async (actors) => {
    const { page, api } = actors;
    const { session, checkout } = await open(actors, 'USD');
    await checkout.press('Continue with this price');
    await checkout.giveUsAccount({ ...US.paid, routing_number: '110000001' });
    await page.getByText('The digits of this routing number do not fit together').waitFor();
    await checkout.giveUsAccount(US.bounces);
    await checkout.sendAndBePaid();
    await checkout.shows('This did not go through');
    const [bounced] = await api.transactionsOf(session.id);
    assert.deepEqual([bounced.status, bounced.reason.code], ['refunded', 'payout_bounced']);
    await checkout.press('Try again');
    await checkout.press('Continue with this price');
    await checkout.giveUsAccount(US.paid, true); // what bounced is asked for again
    await checkout.shows('Check your sale');
    await checkout.press('Show me where to send');
    await checkout.shows(/^Send /);
    await checkout.press(/^What is missing/);
    await checkout.isPaidOut();
    await page.getByText('Account in US … 0001').waitFor();
  },
  { expected },
);

story(
  'is paid by Pix',
  async (actors) => {
    const { page } = actors;
    const { checkout } = await open(actors, 'BRL');
    await checkout.press('Continue with this price');
    await page.getByText('goes to your Pix key').waitFor();
    await checkout.givePixKey('529.982.247-24');
    await page.getByText('The digits of this CPF do not fit together').waitFor();
    await checkout.givePixKey(PIX.paid);
    await checkout.sendAndBePaid();
    await checkout.isPaidOut();
    await page.getByText('Pix key … id').waitFor();
  },
  { expected },
);

story(
  'chooses to be paid to a card',
  async (actors) => {
    const { page, api } = actors;
    const { session, checkout } = await open(actors, 'EUR');
    await page.getByRole('combobox', { name: 'Get paid' }).selectOption({ label: 'To a card' });
    await page.getByText('to your card').waitFor();
    await checkout.hasPrice();
    await checkout.press('Continue with this price');
    await checkout.shows('Where should the money go?');
    await page.getByRole('textbox', { name: 'Card number' }).fill(PAYOUT_CARD.paid);
    await page.getByRole('textbox', { name: 'Expiry' }).fill('12/20');
    await checkout.press('Continue');
    await page.getByText('The expiry date must be a month and year in the future').waitFor();
    await page.getByRole('textbox', { name: 'Expiry' }).fill('12/40');
    await checkout.press('Continue');
    await checkout.sendAndBePaid();
    await checkout.isPaidOut();
    await page.getByText('Card … 5556').waitFor();
    const [transaction] = await api.transactionsOf(session.id);
    assert.equal(transaction.payment_method, 'card_payout');
  },
  { expected },
);
