// Somebody swaps: tokens out of one wallet, other tokens into another.
import assert from 'node:assert/strict';
import { Checkout, WALLET } from '../lib/checkout.mjs';
import { stage } from '../lib/story.mjs';
import { until } from '../lib/until.mjs';

const story = stage();
const SWAP = { flow: 'swap', target_token: 'USDC', target_network: 'base' };
const BACK = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045';

/** @param {import('../lib/story.mjs').Stage} stage @param {string} [wallet] */
async function open({ page, api }, wallet = WALLET.arrives) {
  const session = await api.createSession(SWAP);
  await page.goto(api.checkoutAddress(session));
  const checkout = new Checkout(page);
  await checkout.hasPrice();
  await checkout.shows('Swap for USD Coin');
  await page.getByLabel('Pay with').selectOption('ETH on Base');
  await page.getByText('1 ETH = ').first().waitFor();
  await checkout.goToSwap({ wallet, back: BACK });
  return { session, checkout };
}

story('swaps ether into dollars', async (actors) => {
  const { session, checkout } = await open(actors);
  await checkout.press(/^What is missing/);
  await checkout.isDone();
  const [transaction] = await actors.api.transactionsOf(session.id);
  assert.equal(transaction.action, 'swap');
  assert.equal(transaction.source_token, 'ETH');
  assert.equal(transaction.status, 'completed');
  const [deposit] = await actors.api.depositsOf(transaction.refid);
  assert.equal(deposit.amount, transaction.source_amount);
});

story('swaps at another price, since the first has moved', async (actors) => {
  const { session, checkout } = await open(actors);
  await actors.api.advanceTime(session.id, 3_600);
  await checkout.press(/^What is missing/);
  await checkout.shows(/^The price (has changed|was renewed)/);
  await checkout.press(/^Swap for/);
  await checkout.isDone();
});

story('gets the ether back when the dollars cannot be sent', async (actors) => {
  const { session, checkout } = await open(actors, WALLET.fails);
  await checkout.press(/^What is missing/);
  await checkout.shows('This did not go through');
  await until('the ether is back', async () => {
    const [transaction] = await actors.api.transactionsOf(session.id);
    return transaction.status === 'refunded';
  });
});
