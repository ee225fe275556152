// An address on a list of sanctions: what the user reads, and when.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { CARD, Checkout, WALLET } from '../lib/checkout.mjs';
import { stage } from '../lib/story.mjs';

const LIST = '../../../crates/gate-app/tests/stories/sanctions';
const LISTED = '0x5a11ed5a11ed5a11ed5a11ed5a11ed5a11ed5a11';
const TARGET = { target_token: 'USDC', target_network: 'base' };
const story = stage(['--sanctions-list', fileURLToPath(new URL(LIST, import.meta.url))]);

story('hears before anything is typed that the shop’s wallet does not do', async (actors) => {
  const { page, api } = actors;
  for (const flow of ['on_ramp', 'off_ramp']) {
    const session = await api.createSession({ ...TARGET, flow, wallet_address: LISTED });
    await page.goto('about:blank');
    await page.goto(api.checkoutAddress(session));
    const checkout = new Checkout(page);
    await checkout.shows('Not available here');
    await page.getByText('Go back to the shop.').waitFor();
    const text = (await page.locator('main').innerText()).toLowerCase();
    assert.ok(!/sanction|list|screen/.test(text), text);
    await page.reload();
    await checkout.shows('Not available here');
  }
});

story(
  'names another wallet instead of a listed one',
  async ({ page, api }) => {
    const session = await api.createSession(TARGET);
    await page.goto(api.checkoutAddress(session));
    const checkout = new Checkout(page);
    await checkout.hasPrice();
    await checkout.acceptPrice();
    await page.getByRole('textbox', { name: 'Wallet address' }).fill(LISTED);
    await checkout.press('Continue to payment');
    await page.getByText('This address cannot be used here').waitFor();
    await checkout.giveWallet(WALLET.arrives);
    await checkout.payWith(CARD.succeeds);
    await checkout.isDone();
  },
  { expected: [/status of 400/] },
);
