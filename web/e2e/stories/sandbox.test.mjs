// What a partner does to its sandbox from the server, as the page of its user shows it.
import assert from 'node:assert/strict';
import { Checkout } from '../lib/checkout.mjs';
import { stage } from '../lib/story.mjs';

const story = stage();
const LOGO = 'https://cdn.shop.example/logo.svg';
const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 32"/>';

story('asks who the buyer is and goes on where it was', async ({ api, page }) => {
  const checkout = new Checkout(page);
  const session = await api.createSession();
  await page.goto(api.checkoutAddress(session));
  await checkout.acceptPrice();
  await api.requireKyc(session.id);
  await checkout.shows('Confirm who you are');
  await checkout.press('Fail the check');
  await page.getByText('We could not confirm who you are').waitFor();
  await page.reload();
  await page.getByText('We could not confirm who you are').waitFor();
  await checkout.press('Pass the check');
  await checkout.shows('Where should we send it?');
});

story(
  'lets the time of one checkout pass',
  async ({ api, page }) => {
    const checkout = new Checkout(page);
    const session = await api.createSession();
    await page.goto(api.checkoutAddress(session));
    await checkout.hasPrice();
    assert.equal((await api.advanceTime(session.id, 86_300)).status, 'open');
    assert.equal((await api.advanceTime(session.id, 100)).status, 'expired');
    await checkout.shows('This checkout has expired');
  },
  // The page may just be asking for a new price.
  { expected: [/409/] },
);

story('wears the look of the shop, with its logo and no other picture', async ({ api, page }) => {
  const checkout = new Checkout(page);
  /** @type {string[]} */
  const asked = [];
  await page.route(/^https:/, (route) => {
    asked.push(route.request().url());
    return route.fulfill({ contentType: 'image/svg+xml', body: PICTURE });
  });
  await api.brand({ brand_name: 'Pebble', logo_url: LOGO, primary_color: '#FFCF00' });
  try {
    const session = await api.createSession();
    await page.goto(api.checkoutAddress(session));
    await checkout.hasPrice();
    assert.equal(await page.locator('.seller').textContent(), 'Pebble');
    assert.match(new URL(page.url()).pathname, /^\/checkout\/ptr_\w+\/test$/);
    assert.equal(new URL(page.url()).hash, '', 'nothing secret stays in the address');
    const button = page.getByRole('button', { name: 'Continue with this price' });
    const colours = await button.evaluate((element) => {
      const { backgroundColor, color } = getComputedStyle(element);
      return [backgroundColor, color];
    });
    assert.deepEqual(colours, ['rgb(255, 207, 0)', 'rgb(0, 0, 0)']);
    await page.reload();
    await checkout.hasPrice();
    assert.deepEqual([...new Set(asked)], [LOGO]);
  } finally {
    await api.brand({ brand_name: null, logo_url: null, primary_color: null });
  }
});
