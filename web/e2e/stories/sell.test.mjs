// Somebody sells: tokens out of a wallet, money into a bank account.
import assert from 'node:assert/strict';
import { Checkout, IBAN } from '../lib/checkout.mjs';
import { stage } from '../lib/story.mjs';
import { until } from '../lib/until.mjs';

const story = stage();

/** @param {import('../lib/story.mjs').Stage} actors @param {object} [fields] */
async function open({ page, api }, fields = {}) {
  const session = await api.createSession({
    flow: 'off_ramp',
    target_token: 'USDC',
    target_network: 'base',
    ...fields,
  });
  await page.goto(api.checkoutAddress(session));
  const checkout = new Checkout(page);
  await checkout.hasPrice();
  return { session, checkout };
}

story('sends exactly what was agreed, and is paid', async (actors) => {
  const { session, checkout } = await open(actors);
  await checkout.shows('Sell USD Coin');
  await checkout.goToDeposit();
  await checkout.press(/^What is missing/);
  await checkout.isPaidOut();
  const [transaction] = await actors.api.transactionsOf(session.id);
  assert.equal(transaction.action, 'off_ramp');
  assert.equal(transaction.status, 'completed');
  assert.equal(transaction.fiat_amount, session.amount);
  const [deposit] = await actors.api.depositsOf(transaction.refid);
  assert.equal(deposit.status, 'taken');
  assert.equal(deposit.amount, transaction.token_amount);
});

story('sends too little first, then the rest', async (actors) => {
  const { session, checkout } = await open(actors);
  await checkout.goToDeposit();
  await checkout.press(/^Too little/);
  await checkout.shows('Send the rest');
  await checkout.press(/^What is missing/);
  await checkout.isPaidOut();
  const [transaction] = await actors.api.transactionsOf(session.id);
  const deposits = await actors.api.depositsOf(transaction.refid);
  assert.deepEqual(
    deposits.map(({ status }) => status),
    ['taken', 'taken'],
  );
});

story('sends too much, and gets the rest back', async (actors) => {
  const { session, checkout } = await open(actors);
  await checkout.goToDeposit();
  await checkout.press(/^Too much/);
  await checkout.isPaidOut();
  const [transaction] = await actors.api.transactionsOf(session.id);
  await until('the surplus is back', async () => {
    const [deposit] = await actors.api.depositsOf(transaction.refid);
    assert.equal(deposit.cause, 'surplus');
    return deposit.status === 'returned';
  });
});

story('sends too late, and takes the new price', async (actors) => {
  const { session, checkout } = await open(actors);
  await checkout.goToDeposit();
  await actors.api.advanceTime(session.id, 3_600);
  await actors.page.getByText('The price has lapsed').first().waitFor();
  await checkout.press(/^What is missing/);
  await checkout.shows(/^The price (has changed|was renewed)/);
  await checkout.press(/^Sell for/);
  await checkout.isPaidOut();
});

story('sends too late, and wants it back', async (actors) => {
  const { session, checkout } = await open(actors);
  await checkout.goToDeposit();
  await actors.api.advanceTime(session.id, 3_600);
  await checkout.press(/^What is missing/);
  await checkout.press(/^Send my USDC back/);
  await checkout.shows('This did not go through');
  const [transaction] = await actors.api.transactionsOf(session.id);
  assert.equal(transaction.reason.code, 'new_price_declined');
  await until('the tokens are back', async () => {
    const [deposit] = await actors.api.depositsOf(transaction.refid);
    return deposit.status === 'returned';
  });
});

story(
  'sends too late at a price that is converted or given back, as was agreed',
  async (actors) => {
    for (const [on_lapse, ends] of /** @type {const} */ ([
      ['convert_within:1000', /paid out$/],
      ['refund', 'This did not go through'],
    ])) {
      const locked = await actors.api.lockSale(on_lapse);
      await actors.page.goto('about:blank');
      const { session, checkout } = await open(actors, { quote_preview_id: locked.id });
      await checkout.goToDeposit();
      await actors.api.advanceTime(session.id, 3_600);
      await checkout.press(/^What is missing/);
      await checkout.shows(ends);
    }
  },
);

story(
  'gets the tokens back when the bank does not take the money, then sells again',
  async (actors) => {
    const { session, checkout } = await open(actors);
    await checkout.goToDeposit({ iban: IBAN.bounces });
    await checkout.press(/^What is missing/);
    await checkout.shows('This did not go through');
    const [bounced] = await actors.api.transactionsOf(session.id);
    assert.equal(bounced.status, 'refunded');
    assert.equal(bounced.reason.code, 'payout_bounced');
    await actors.page.getByText('Your tokens have gone back to your wallet.').waitFor();
    await checkout.press('Try again');
    await checkout.press('Continue with this price');
    await checkout.giveAccount(IBAN.paid); // what bounced is asked for again
    await checkout.shows('Check your sale'); // the refund address is known
    await checkout.press('Show me where to send');
    await checkout.press(/^What is missing/);
    await checkout.isPaidOut();
  },
);

story('chooses between buying and selling, and comes back on another device', async (actors) => {
  const { page, api } = actors;
  const { session, checkout } = await open(actors, { flow: undefined });
  await checkout.shows('Buy USD Coin');
  await page.getByRole('radio', { name: 'Sell' }).check();
  await checkout.shows('Sell USD Coin');
  await checkout.hasPrice();
  await checkout.goToDeposit();
  const address = await page.locator('[data-whole="true"]').textContent();
  const other = await page.context().newPage();
  await other.goto(api.checkoutAddress(session));
  const there = new Checkout(other);
  await there.shows(/^Send /);
  assert.equal(await other.locator('[data-whole="true"]').textContent(), address);
  await there.press(/^What is missing/);
  await Promise.all([there.isPaidOut(), checkout.isPaidOut()]);
  await other.close();
});
