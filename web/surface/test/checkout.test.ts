import { afterEach, beforeEach, expect, test } from 'vitest';
import { STEPS } from '../dev/journeys.mjs';
import { move, startMock } from '../dev/mock.mjs';
import type { Journey, Quote } from '../src/api';
import { Checkout } from '../src/checkout';
import { Client } from '../src/client';
import { ServerClock } from '../src/clock';

let mock: Awaited<ReturnType<typeof startMock>>;

beforeEach(async () => {
  mock = await startMock();
});
afterEach(() => mock.close());

async function open(state: keyof typeof STEPS, options = {}) {
  const room = mock.open(state, options);
  const checkout = new Checkout(
    new Client({ token: room.token, base: mock.origin }),
    new ServerClock(),
  );
  checkout.hear(await checkout.client.journey());
  const live = () => {
    if (checkout.page.kind !== 'live') throw new Error(`the page is ${checkout.page.kind}`);
    return checkout.page;
  };
  return { room, checkout, live, quote: (room.journey.step as { quote: Quote }).quote };
}

const CARD = { number: '4242424242424242', expiry: '12/34', cvc: '123' };

test('an action shows the journey that it answers', async () => {
  const { checkout, live, quote } = await open('amount');
  expect(await checkout.act('accept', (client) => client.acceptQuote(quote.id))).toBe(true);
  expect(live()).toMatchObject({
    journey: { step: { kind: 'wallet' } },
    busy: null,
    problem: null,
  });
});

test('a second click while the first is under way does nothing', async () => {
  const { checkout, live, quote } = await open('payment');
  const first = checkout.act('pay', (client) => client.pay(quote.id, CARD));
  expect(live().busy).toBe('pay');
  expect(await checkout.act('pay', (client) => client.pay(quote.id, CARD))).toBe(false);
  expect(await first).toBe(true);
  expect(live().journey).toMatchObject({ revision: 2, step: { kind: 'processing' } });
});

test('a late poll does not bring an old step back', async () => {
  const { room, checkout, live, quote } = await open('amount');
  const old = await checkout.client.journey();
  checkout.hear(move(room, STEPS.wallet(quote)) as unknown as Journey);
  checkout.hear(old);
  expect(live().journey.step.kind).toBe('wallet');
});

test('a refusal is kept with the field that it is about', async () => {
  const { checkout, live } = await open('wallet');
  expect(await checkout.act('wallet', (client) => client.wallet({ address: '0x1' }))).toBe(false);
  expect(live().problem?.error?.at('/address')).toBe('This is not an address on Base.');
  expect(live().problem?.error?.at('/other')).toBeNull();
});

test('a price that lapsed while paying leads back to the price', async () => {
  const { checkout, live, quote } = await open('payment', { seconds: -1 });
  expect(await checkout.act('pay', (client) => client.pay(quote.id, CARD))).toBe(false);
  expect(live().journey.step.kind).toBe('amount');
  expect(live().problem?.error?.body.code).toBe('quote_expired');
});

test('without an answer the problem says so, and the page goes on', async () => {
  const { checkout, live } = await open('wallet');
  await checkout.act('wallet', () => Promise.reject(new TypeError('network')));
  expect(live()).toMatchObject({ problem: { action: 'wallet', error: null }, busy: null });
});

test('a token that is refused ends the page', async () => {
  const { checkout } = await open('wallet');
  mock.faults.refuse = [401, 'invalid_embed_token', 'Not known.'];
  await checkout.act('wallet', (client) => client.wallet({ address: '0x1' }));
  expect(checkout.page).toMatchObject({ kind: 'unavailable', reason: 'invalid_embed_token' });
});
