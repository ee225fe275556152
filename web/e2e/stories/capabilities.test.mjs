// What is on offer changes under people who are buying: they are told why, and go on when it is back.
import assert from 'node:assert/strict';
import { Checkout } from '../lib/checkout.mjs';
import { stage } from '../lib/story.mjs';

const story = stage();
const CLOSED = 'Our card partner is working on its systems.';

/**
 * Something is switched off while `play` goes on, and on again afterwards, whatever happens.
 * @param {import('../lib/gate.mjs').Gate} gate @param {string} subject @param {string} reason
 * @param {() => Promise<void>} play
 */
async function without(gate, subject, reason, play) {
  await gate.command('capabilities', 'off', subject, '--reason', reason);
  try {
    await play();
  } finally {
    await gate.command('capabilities', 'on', subject);
  }
}

story('cards are switched off at the payment, and on again', async ({ page, api, gate }) => {
  const session = await api.createSession();
  await page.goto(api.checkoutAddress(session));
  const checkout = new Checkout(page);
  await checkout.goToPayment();
  await without(gate, 'payment_method:card', CLOSED, async () => {
    await checkout.shows('Not available at the moment');
    await page.getByText(`Card is not available now. ${CLOSED}`).waitFor();
    assert.equal(await page.getByRole('textbox').count(), 0, 'nothing can be typed or forced');
    await page.reload();
    await checkout.shows('Not available at the moment');
  });
  await checkout.shows('Pay by card');
  await checkout.payWith();
  await checkout.isDone();
});

story('the chosen token goes away, and another one is bought', async ({ page, api, gate }) => {
  const session = await api.createSession();
  await page.goto(api.checkoutAddress(session));
  const checkout = new Checkout(page);
  await checkout.goToPayment();
  await without(gate, 'network:base', 'The network is down.', async () => {
    await checkout.shows('Choose what to buy');
    await page.getByText('What you had chosen is not available').waitFor();
    await checkout.hasPrice(); // and it still says so
    assert.equal(await page.getByText('What you had chosen is not available').count(), 1);
    assert.equal(await page.getByRole('radio', { name: /on Base/ }).count(), 0);
    await page.getByRole('radio', { name: /ETH on Arbitrum/ }).check();
    await checkout.acceptPriceAgain();
    await checkout.payWith();
    await checkout.isDone();
  });
});

story(
  'the country of the buyer is closed half way, and open again',
  async ({ page, api, gate }) => {
    const session = await api.createSession({
      amount: '1500.00',
      target_token: 'USDC',
      target_network: 'base',
    });
    await page.goto(api.checkoutAddress(session));
    const checkout = new Checkout(page);
    await checkout.acceptPrice();
    await checkout.giveWalletAndIdentity();
    await checkout.askForCode('lee@example.com');
    await checkout.giveCode(await api.codeFor('lee@example.com'));
    await checkout.isSomebody();
    await checkout.shows('Pay by card');
    await without(gate, 'country:DE', CLOSED, async () => {
      await checkout.shows('Not available at the moment');
    });
    await checkout.shows('Pay by card');
    await checkout.payWith();
    await checkout.isDone();
  },
);

story('the page of the shop hears of it', async ({ page, shop, gate }) => {
  await shop.buy();
  const checkout = await shop.payInThisPage();
  await checkout.hasPrice();
  const heard = page.evaluate(
    () =>
      new Promise((resolve) => {
        addEventListener('message', ({ data }) => {
          if (data?.type === 'unavailable') resolve(data.payload.reason);
        });
      }),
  );
  await without(gate, 'currency:EUR', 'Our bank is closed.', async () => {
    await checkout.shows('Not available at the moment');
    assert.equal(await heard, 'currency_not_supported');
  });
  await checkout.hasPrice();
});
