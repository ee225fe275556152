// Somebody who has to show who they are, and what they may then move.
import assert from 'node:assert/strict';
import { Checkout } from '../lib/checkout.mjs';
import { stage } from '../lib/story.mjs';

const story = stage();

/** @typedef {import('../lib/story.mjs').Stage} Actors */

/** @param {Actors} actors @param {string} amount */
async function open({ page, api }, amount) {
  const session = await api.createSession({
    amount,
    target_token: 'USDC',
    target_network: 'base',
  });
  await page.goto('about:blank');
  await page.goto(api.checkoutAddress(session));
  return { session, checkout: new Checkout(page) };
}

/** As far as the question who they are. @param {Actors} actors @param {string} amount */
async function openToIdentity(actors, amount) {
  const opened = await open(actors, amount);
  await opened.checkout.hasPrice();
  await opened.checkout.acceptPrice();
  await opened.checkout.giveWalletAndIdentity();
  return opened;
}

/** @param {Actors} actors @param {Checkout} checkout @param {string} email */
async function proveAddress({ api }, checkout, email) {
  await checkout.askForCode(email);
  await checkout.giveCode(await api.codeFor(email));
}

story('buys more than a guest may, and shows who they are once', async (actors) => {
  const email = 'ada@example.com';
  const { session, checkout } = await openToIdentity(actors, '1500.00');
  await proveAddress(actors, checkout, email);
  await checkout.isSomebody();
  await checkout.shows('Pay by card');
  await checkout.payWith();
  await checkout.isDone();
  assert.equal((await actors.api.session(session.id)).status, 'completed');

  const again = await openToIdentity(actors, '1500.00');
  await proveAddress(actors, again.checkout, email);
  await again.checkout.shows('Pay by card');
  await again.checkout.payWith();
  await again.checkout.isDone();
});

story('is not believed, and tries again', async (actors) => {
  const { checkout } = await openToIdentity(actors, '1500.00');
  await proveAddress(actors, checkout, 'bob@example.com');
  await checkout.isPerson(/^Is not confirmed/);
  await actors.page.getByText('We could not confirm who you are').waitFor();
  await checkout.isPerson(/^Is asked for the document/);
  await actors.page.locator('.notice-warning').waitFor();
  await checkout.isSomebody();
  await checkout.shows('Pay by card');
});

story(
  'mistypes the code, and wants another one',
  async (actors) => {
    const email = 'eve@example.com';
    const { checkout } = await openToIdentity(actors, '1500.00');
    await checkout.askForCode(email);
    const code = await actors.api.codeFor(email);
    await checkout.giveCode(code === '111111' ? '222222' : '111111');
    await actors.page.getByText(/You can try 4 more times/).waitFor();
    await checkout.press('No code? Send another one');
    await checkout.askForCode(email);
    await checkout.giveCode(await actors.api.codeFor(email));
    await checkout.shows('About you');
  },
  { expected: [/status of 400/] }, // a wrong code is answered so
);

story('goes on with another device, in the middle of it', async (actors) => {
  const email = 'kim@example.com';
  const { session, checkout } = await openToIdentity(actors, '1500.00');
  await checkout.askForCode(email);
  await actors.page.goto('about:blank');
  await actors.page.goto(actors.api.checkoutAddress(session));
  await checkout.shows('Enter your code');
  await checkout.giveCode(await actors.api.codeFor(email));
  await checkout.shows('About you');
});

story('is told what is left of a limit, and buys for that', async (actors) => {
  const email = 'max@example.com';
  for (const first of [true, false]) {
    const { checkout } = await openToIdentity(actors, '10000.00');
    await proveAddress(actors, checkout, email);
    if (first) await checkout.isSomebody();
    await checkout.shows('Pay by card');
    await checkout.payWith();
    await checkout.isDone();
  }
  const over = await openToIdentity(actors, '10000.00');
  await proveAddress(actors, over.checkout, email);
  await over.checkout.shows('More than your limit');
  await actors.page.getByText(/You can move 25,000\.00 EUR a day; 5,000\.00 EUR is left/).waitFor();
  const row = actors.page.locator('.row', { hasText: 'Largest amount' });
  const passes = /[\d.]+/.exec(await row.innerText())?.[0] ?? '';
  assert.equal(passes, '5000.00');

  const within = await openToIdentity(actors, passes);
  await proveAddress(actors, within.checkout, email);
  await within.checkout.shows('Pay by card');
  await within.checkout.payWith();
  await within.checkout.isDone();
});
