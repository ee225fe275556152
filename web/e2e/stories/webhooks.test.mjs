// What the browser says fulfils nothing; what the gateway says fulfils once.
import assert from 'node:assert/strict';
import { signed } from '../lib/api.mjs';
import { stage } from '../lib/story.mjs';

const story = stage();

story('waits while the webhook is held back, then completes once', async ({ shop }) => {
  await shop.holdWebhooks(true);
  const order = await shop.buy();
  const checkout = await shop.payInThisPage();
  await checkout.goToPayment();
  await checkout.payWith();
  await checkout.isDone(); // says the browser
  await checkout.returnToTheShop();
  await shop.shows('Pending');
  assert.equal((await shop.order(order)).fulfilments, 0);
  await shop.holdWebhooks(false);
  // The webhook comes again in a minute; the shop's own reading of the session is quicker.
  await shop.shows('Completed');
  assert.equal((await shop.order(order)).fulfilments, 1);
});

story('fulfils once, however often the same webhook comes', async ({ gate, api, shop }) => {
  const order = await shop.buy();
  const checkout = await shop.payInThisPage();
  await checkout.goToPayment();
  await checkout.payWith();
  await checkout.isDone();
  await checkout.returnToTheShop();
  await shop.shows('Completed');
  const before = await shop.order(order);
  const id = before.fulfilled_by;

  // The same fact again, signed afresh as the gateway does it with every attempt.
  const event = { id, object: 'event', type: 'gate_session.completed', livemode: false };
  const data = await api.session(before.session_id);
  const created_at = Math.floor(Date.now() / 1000);
  const body = JSON.stringify({ ...event, created_at, sequence: 3, data });
  for (const _ of [1, 2]) {
    const answer = await fetch(`${gate.shop_url}/webhooks/0gate`, {
      method: 'POST',
      headers: signed(gate.webhook_secret, event, body),
      body,
    });
    assert.deepEqual(await answer.json(), { received: true, duplicate: true });
  }
  const forged = await fetch(`${gate.shop_url}/webhooks/0gate`, {
    method: 'POST',
    headers: signed(`${gate.webhook_secret.slice(0, -4)}AAA=`, event, body),
    body,
  });
  assert.equal(forged.status, 400);

  const events = await shop.events();
  assert.equal(events.filter(({ event_id }) => event_id === id).length, 1);
  assert.deepEqual(await shop.order(order), before);
});
