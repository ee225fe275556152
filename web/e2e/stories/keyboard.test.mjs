// Buying without a mouse, from the shop's first page to its last.
import { CARD, WALLET } from '../lib/checkout.mjs';
import { stage } from '../lib/story.mjs';

/** @typedef {import('playwright-core').Locator} Locator */

const story = stage();
const TABS_MAX = 40;

story('buys with the keyboard alone', async ({ page, shop, gate }) => {
  const { keyboard } = page;
  /** @param {Locator} target */
  async function tabTo(target) {
    await target.waitFor();
    for (let tabs = 0; tabs < TABS_MAX; tabs += 1) {
      if (await target.evaluate((element) => element.matches(':focus-visible'))) return;
      await keyboard.press('Tab');
    }
    throw new Error(`the Tab key does not reach ${target}`);
  }
  /** @param {Locator} target @param {string} text */
  async function type(target, text) {
    await tabTo(target);
    await keyboard.type(text);
  }
  /** @param {Locator} target */
  async function press(target) {
    await tabTo(target);
    await keyboard.press('Enter');
  }

  await page.goto(gate.shop_url);
  await press(page.getByRole('button', { name: 'Buy' }));
  await press(page.getByRole('button', { name: 'Pay in this page' }));
  const { root } = shop.framed();
  await press(root.getByRole('button', { name: 'Continue with this price' }));
  await type(root.getByRole('textbox', { name: 'Wallet address' }), WALLET.arrives);
  await press(root.getByRole('button', { name: 'Continue to payment' }));
  await type(
    root.getByRole('textbox', { name: 'Card number' }),
    CARD.challenge.replaceAll(' ', ''),
  );
  await type(root.getByRole('textbox', { name: 'Expiry' }), '1234');
  await type(root.getByRole('textbox', { name: 'Security code' }), '123');
  await press(root.getByRole('button', { name: /^Pay €/ }));
  await type(root.getByRole('textbox', { name: '6-digit code' }), '123456');
  await keyboard.press('Enter');
  await press(root.getByRole('button', { name: /^Return to / }));
  await shop.shows('Completed');
});
