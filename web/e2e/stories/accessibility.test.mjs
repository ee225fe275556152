// Everybody can use it: with a screen reader, in light and dark, on the narrowest phone.
import { assertAccessible, assertFitsTheWidth } from '../lib/audit.mjs';
import { stage } from '../lib/story.mjs';
import { walk } from '../lib/walk.mjs';

const story = stage();
const NARROW = { viewport: { width: 320, height: 640 } };
// A wallet that is none is answered 400, and a session that has ended 409.
const expected = [/status of 4(00|09)/];

for (const theme of /** @type {const} */ (['light', 'dark'])) {
  story(
    `every step of the checkout passes the audit in ${theme}`,
    ({ page, api }) =>
      walk(page, api, theme, (state) => assertAccessible(page, `${state}, ${theme}`)),
    { expected },
  );

  story(
    `the shop and the frame in it pass the audit in ${theme}, and fit a narrow phone`,
    async ({ page, shop, gate }) => {
      /** @param {string} state */
      const audit = async (state) => {
        for (const frame of page.frames()) {
          await assertAccessible(frame, `${state}, ${theme}`);
          await assertFitsTheWidth(frame, state);
        }
      };
      await page.goto(gate.shop_url);
      await audit('the product');
      const order = await shop.buy();
      await audit('the order');
      const checkout = await shop.payInThisPage();
      await checkout.shows('Buy USD Coin');
      await audit('paying');
      await checkout.goToPayment();
      await audit('the payment');
      await page.goto(`${gate.shop_url}/orders`);
      await audit('the orders');
      await page.goto(`${gate.shop_url}/events`);
      await audit('the events');
      await page.goto(order);
      await audit('the order, opened again');
    },
    { context: { ...NARROW, colorScheme: theme } },
  );
}

story(
  'no step of the checkout scrolls sideways on a narrow phone',
  ({ page, api }) => walk(page, api, 'light', (state) => assertFitsTheWidth(page, state)),
  { context: NARROW, expected },
);
