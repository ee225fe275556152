// Somebody buys: in the shop's page, on the hosted page, with a card that fails first.
import assert from 'node:assert/strict';
import { CARD, Checkout, WALLET } from '../lib/checkout.mjs';
import { stage } from '../lib/story.mjs';

const story = stage();

story('buys in the page of the shop', async ({ page, shop }) => {
  const order = await shop.buy();
  const checkout = await shop.payInThisPage();
  await checkout.shows('Buy USD Coin');
  await checkout.goToPayment();
  await checkout.payWith(CARD.succeeds);
  await page.getByText('Your order is being confirmed').waitFor(); // the shop was told, and waits
  await checkout.isDone();
  await checkout.returnToTheShop();
  await shop.shows('Completed');

  const { fulfilments, fulfilled_by, event_ids } = await shop.order(order);
  assert.equal(fulfilments, 1);
  assert.match(fulfilled_by, /^evt_test_/, 'the webhook fulfilled it, not the browser');
  assert.ok(event_ids.includes(fulfilled_by));
});

story('buys on the hosted page and comes back', async ({ page, shop }) => {
  const order = await shop.buy();
  const checkout = await shop.payOnTheHostedPage(); // whose address shows no secret
  await checkout.goToPayment();
  await checkout.payWith(CARD.succeeds);
  await checkout.isDone();
  await checkout.returnToTheShop();
  await page.waitForURL(`${order}?**`);
  const { searchParams } = new URL(page.url());
  assert.equal(searchParams.get('gate_session_id'), (await shop.order(order)).session_id);
  assert.equal(searchParams.get('gate_result'), 'done');
  await shop.shows('Completed');
});

story('is declined, and pays with another card in the same session', async ({ shop }) => {
  const order = await shop.buy();
  const checkout = await shop.payInThisPage();
  await checkout.goToPayment();
  const { session_id } = await shop.order(order);
  await checkout.payWith(CARD.declined);
  await checkout.shows('This did not go through');
  await checkout.press('Try again');
  await checkout.acceptPriceAgain();
  await checkout.payWith(CARD.succeeds);
  await checkout.isDone();
  await checkout.returnToTheShop();
  await shop.shows('Completed');
  assert.equal((await shop.order(order)).session_id, session_id);
});

story('names another wallet after the network refused the first', async ({ page, api }) => {
  const session = await api.createSession({ target_token: 'USDC', target_network: 'base' });
  await page.goto(api.checkoutAddress(session));
  const checkout = new Checkout(page);
  await checkout.hasPrice();
  await checkout.acceptPrice();
  await checkout.giveWallet(WALLET.fails);
  await checkout.payWith(CARD.succeeds);
  await checkout.shows('This did not go through');
  await page.getByText('has gone back to where it came from').waitFor();
  await checkout.press('Try again');
  await checkout.acceptPrice(); // and is asked for the wallet again
  await checkout.giveWallet();
  await checkout.payWith(CARD.succeeds);
  await checkout.isDone();
});

story('cannot pay again for a wallet that the shop fixed', async ({ page, api }) => {
  const session = await api.createSession({
    target_token: 'USDC',
    target_network: 'base',
    wallet_address: WALLET.fails,
  });
  await page.goto(api.checkoutAddress(session));
  const checkout = new Checkout(page);
  await checkout.hasPrice();
  await checkout.acceptPriceAgain();
  await checkout.payWith(CARD.succeeds);
  await checkout.shows('This did not go through');
  await page.getByText('Go back to the shop.').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0);
});

story('fails the second step of the bank, then passes it', async ({ shop }) => {
  await shop.buy();
  const checkout = await shop.payInThisPage();
  await checkout.goToPayment();
  await checkout.payWith(CARD.challenge);
  await checkout.confirmWith('000000');
  await checkout.shows('This did not go through');
  await checkout.press('Try again');
  await checkout.acceptPriceAgain();
  await checkout.payWith(CARD.challenge);
  await checkout.confirmWith('123456');
  await checkout.isDone();
  await checkout.returnToTheShop();
  await shop.shows('Completed');
});
