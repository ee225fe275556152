// Somebody buys: in the shop's page, on the hosted page, with a card that fails first.
import assert from 'node:assert/strict';
import { CARD } from '../lib/checkout.mjs';
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
