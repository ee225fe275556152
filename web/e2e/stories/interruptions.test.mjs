// Something comes between: the widget is closed, the page reloaded, the session ends under it.
import assert from 'node:assert/strict';
import { CARD, Checkout } from '../lib/checkout.mjs';
import { Shop } from '../lib/shop.mjs';
import { stage } from '../lib/story.mjs';

const story = stage();

story('closes the widget half way and goes on, in two tabs', async ({ page, shop, gate }) => {
  const order = await shop.buy();
  let checkout = await shop.payInThisPage();
  await checkout.goToPayment();
  await checkout.press('Close');
  await shop.shows('Pending');
  checkout = await shop.payInThisPage();
  await checkout.shows('Pay by card');
  await page.reload();
  await checkout.shows('Pay by card');

  const secondTab = new Shop(await page.context().newPage(), gate);
  await secondTab.page.goto(order);
  const elsewhere = await secondTab.payInThisPage();
  await elsewhere.shows('Pay by card');
  await elsewhere.payWith(CARD.succeeds);
  await elsewhere.isDone();
  await checkout.isDone(); // the first tab heard of it
  await checkout.returnToTheShop();
  await shop.shows('Completed');
  assert.equal((await shop.order(order)).fulfilments, 1);
});

story('reloads the hosted page, whose address has no secret any more', async ({ page, shop }) => {
  await shop.buy();
  const checkout = await shop.payOnTheHostedPage();
  await checkout.acceptPrice();
  await page.reload();
  await checkout.shows('Where should we send it?');
});

story('is told when the session expires under the open page', async ({ page, api }) => {
  const session = await api.createSession();
  await page.goto(api.checkoutAddress(session));
  const checkout = new Checkout(page);
  await checkout.shows('Choose what to buy');
  await checkout.hasPrice();
  await api.expire(session.id);
  await checkout.shows('This checkout has expired');
});

story('is told when the shop cancels under the open page', async ({ page, api }) => {
  const session = await api.createSession();
  await page.goto(api.checkoutAddress(session));
  const checkout = new Checkout(page);
  await checkout.shows('Choose what to buy');
  await checkout.hasPrice();
  await api.cancel(session.id);
  await checkout.shows('Checkout cancelled');
});

story('is told what was cancelled', async ({ page, api }) => {
  const session = await api.createSession({ flow: 'off_ramp' });
  await page.goto(api.checkoutAddress(session));
  const checkout = new Checkout(page);
  await checkout.hasPrice();
  await api.cancel(session.id);
  await checkout.shows('Sale cancelled');
});

story('gives up, and comes back to the shop', async ({ page, shop }) => {
  await shop.buy();
  const checkout = await shop.payOnTheHostedPage();
  await checkout.press('Cancel purchase');
  await checkout.press('Yes, cancel it');
  await shop.shows('Cancelled');
  assert.equal(new URL(page.url()).searchParams.get('gate_result'), 'cancelled');
});
