// Networks whose addresses are not those of Ethereum: memos that must not be forgotten, and wallets that
// do not fit the network any more.
import assert from 'node:assert/strict';
import { Checkout } from '../lib/checkout.mjs';
import { stage } from '../lib/story.mjs';

const story = stage();
const TAG = '271828';

/** @param {import('../lib/story.mjs').Stage} actors @param {Record<string, unknown>} fields */
async function open({ page, api }, fields) {
  const session = await api.createSession(fields);
  await page.goto(api.checkoutAddress(session));
  const checkout = new Checkout(page);
  await checkout.hasPrice();
  return { session, checkout };
}

/** @param {import('../lib/story.mjs').Stage} actors */
const memoField = ({ page }) => page.getByRole('textbox', { name: 'Destination tag' });

story(
  'buys XRP with a destination tag, and is asked before leaving it out',
  async (actors) => {
    const { page } = actors;
    const { checkout } = await open(actors, { target_token: 'XRP', target_network: 'xrpl' });
    await checkout.acceptPrice();
    await page.getByRole('button', { name: /^Arrives/ }).click();
    const without = page.getByRole('checkbox', { name: /needs no destination tag/ });
    assert.equal(await without.isChecked(), true);
    assert.equal(await memoField(actors).isDisabled(), true);
    await without.uncheck();
    await checkout.press('Continue to payment');
    await page.getByText('An account at an exchange needs a destination tag').waitFor();
    await memoField(actors).fill('not a number');
    await checkout.press('Continue to payment');
    await page.getByText('A destination tag is a number').waitFor();
    await memoField(actors).fill(TAG);
    await checkout.press('Continue to payment');
    await checkout.shows('Pay by card');
    await page.getByText(`with the memo ${TAG}`).waitFor();
    await checkout.payWith();
    await checkout.isDone();
    await page.getByText(TAG).waitFor();
  },
  { expected: [/400/] },
);

story('sells XLM, and is shown the memo loudly', async (actors) => {
  const { page, api } = actors;
  const { session, checkout } = await open(actors, {
    flow: 'off_ramp',
    target_token: 'XLM',
    target_network: 'stellar',
  });
  await checkout.press('Continue with this price');
  await checkout.giveAccount();
  await checkout.shows('Where would it go back to?');
  await page.getByRole('button', { name: /^Arrives/ }).click();
  await checkout.press('Continue');
  await checkout.shows('Check your sale');
  await checkout.press('Show me where to send');
  await checkout.shows(/^Send /);
  await page.getByText(/Send it with the memo \d+/).waitFor();
  const memo = await page.locator('[data-whole="true"]').nth(1).textContent();
  const lost = await api.lose(session.id);
  assert.equal(lost.memo, null);
  await checkout.shows(/^Send /);
  assert.equal(await page.locator('[data-whole="true"]').nth(1).textContent(), memo);
  await checkout.press(/^What is missing/);
  await checkout.isPaidOut();
});

story('buys XLM for an exchange that asks for a text of digits', async (actors) => {
  const { page } = actors;
  const { checkout } = await open(actors, { target_token: 'XLM', target_network: 'stellar' });
  await checkout.acceptPrice();
  await page.getByRole('button', { name: /^Arrives/ }).click();
  await page.getByRole('checkbox', { name: /needs no memo/ }).uncheck();
  const memo = page.getByRole('textbox', { name: 'Memo' });
  const isText = page.getByRole('checkbox', { name: /text memo/ });
  await memo.fill('mine');
  assert.equal(await isText.count(), 0);
  await memo.fill(TAG);
  await isText.check();
  const sent = page.waitForRequest(/\/v1\/embed\/wallet$/);
  await checkout.press('Continue to payment');
  const { memo: told, memo_is_text } = (await sent).postDataJSON();
  assert.deepEqual([told, memo_is_text], [TAG, true]);
  await checkout.shows('Pay by card');
  await checkout.payWith();
  await checkout.isDone();
  await page.getByText(TAG).waitFor();
});

story('changes the network, and is asked for another wallet', async (actors) => {
  const { page } = actors;
  const { checkout } = await open(actors, { target_token: 'USDC' });
  await checkout.goToPayment();
  const back = page.getByRole('button', { name: 'Back', exact: true });
  await back.click();
  await checkout.shows('Where should we send it?');
  await back.click();
  await checkout.shows('Choose what to buy');
  await page.getByRole('radio', { name: /Solana/ }).check();
  await checkout.hasPrice();
  await checkout.acceptPrice();
  await page.getByText('cannot be noticed').waitFor();
  await page.getByRole('button', { name: /^Arrives/ }).click();
  await checkout.press('Continue to payment');
  await checkout.shows('Pay by card');
});
