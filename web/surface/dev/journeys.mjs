// Journeys as the server would tell them, for looking at the page and for its tests. This imitates
// the API's shapes, not its rules: what is allowed when is decided by the real server only.

const ADDRESS = '0x71C7656EC7ab88b098defB751B7401B5f6d8976F';
const CHAIN = '0x9fc76417374aa880d4449a1f7f31ec597f00b1f6f3dd2d66f4c9c6c445836d8b';
const TX = 'tx_test_01JD8Z3K5QH7W2M4N6P8R0T2V4';

export const TEST_CARDS = [
  { number: '4242 4242 4242 4242', label: 'Succeeds', outcome: 'succeeds' },
  { number: '4000 0000 0000 0002', label: 'Declined', outcome: 'declined' },
  { number: '4000 0000 0000 3220', label: 'Needs a second step', outcome: 'challenge' },
  { number: '4000 0000 0000 3063', label: 'Slow answer', outcome: 'slow' },
  { number: '4000 0000 0000 0119', label: 'Answer is lost', outcome: 'answer_lost' },
  { number: '4000 0000 0000 0259', label: 'Answered twice', outcome: 'answered_twice' },
  { number: '4000 0000 0000 9995', label: 'Insufficient funds', outcome: 'insufficient_funds' },
  { number: '4000 0000 0000 6975', label: 'Never answers', outcome: 'never_answers' },
  {
    number: '4000 0000 0000 5126',
    label: 'Succeeds; giving it back fails',
    outcome: 'refund_fails',
  },
];

const OPTIONS = [
  { target_token: 'USDC', target_network: 'base', name: 'USD Coin', network_name: 'Base' },
  { target_token: 'ETH', target_network: 'ethereum', name: 'Ether', network_name: 'Ethereum' },
  { target_token: 'BTC', target_network: 'bitcoin', name: 'Bitcoin', network_name: 'Bitcoin' },
];

const PRICES = {
  USDC: { crypto_amount: '106.630434', exchange_rate: '0.92' },
  ETH: { crypto_amount: '0.032910847255631', exchange_rate: '2980.75' },
  BTC: { crypto_amount: '0.00112345', exchange_rate: '87324.10' },
};

export const BRANDING = {
  brand_name: null,
  logo_url: null,
  primary_color: null,
  secondary_color: null,
  accent_color: null,
};

let counter = 0;

export function makeQuote(target, seconds = 120, now = Date.now()) {
  counter += 1;
  return {
    id: `qt_test_${counter}`,
    fiat_amount: '100.00',
    currency: 'EUR',
    ...PRICES[target.target_token],
    ...target,
    fees: [
      { kind: 'service', label: 'Service fee', amount: '1.50' },
      { kind: 'network', label: 'Network fee', amount: '0.40' },
    ],
    total_fees: '1.90',
    expires_at: new Date(now + seconds * 1000).toISOString(),
    lapsed: seconds <= 0,
    locked_for_seconds: 120,
  };
}

export function makeSession(over = {}) {
  counter += 1;
  return {
    id: `cs_test_${counter}`,
    status: 'open',
    mode: 'test',
    flow: 'on_ramp',
    amount: '100.00',
    currency: 'EUR',
    expires_at: new Date(Date.now() + 1_800_000).toISOString(),
    return_url: 'http://127.0.0.1:4181/back',
    cancel_url: null,
    partner_name: 'Demo Shop',
    branding: BRANDING,
    ...over,
  };
}

const reason = (over) => ({
  code: 'card_declined',
  message: 'Your bank declined this card.',
  retryable: true,
  limit: null,
  minimum: null,
  maximum: null,
  remaining: null,
  next_step: 'Use another card, or ask your bank why it said no.',
  ...over,
});

const USDC = { target_token: 'USDC', target_network: 'base' };
const processing =
  (stage, message, over = {}) =>
  (quote) => ({
    kind: 'processing',
    stage,
    quote,
    address: ADDRESS,
    transaction_id: TX,
    slow: false,
    message,
    ...over,
  });
const failed =
  (over, because = {}) =>
  () => ({
    kind: 'failed',
    reason: reason(because),
    can_retry: true,
    transaction_id: TX,
    refunded: false,
    ...over,
  });

/** Every state of the page that somebody should look at, by name. */
export const STEPS = {
  amount: (quote, target = USDC) => ({
    kind: 'amount',
    options: OPTIONS,
    selected: target,
    pinned: false,
    quote,
    notice: null,
  }),
  'amount-pinned': (quote) => ({ ...STEPS.amount(quote), options: [OPTIONS[0]], pinned: true }),
  'amount-notice': (quote) => ({ ...STEPS.amount(quote), notice: 'quote_expired' }),
  wallet: (quote, address = null) => ({
    kind: 'wallet',
    quote,
    network_name: 'Base',
    address,
    address_format: 'evm',
    locked: false,
  }),
  'wallet-locked': (quote) => ({ ...STEPS.wallet(quote, ADDRESS), locked: true }),
  payment: (quote) => ({
    kind: 'payment',
    quote,
    address: ADDRESS,
    network_name: 'Base',
    test_cards: TEST_CARDS,
  }),
  'payment-live': (quote) => ({ ...STEPS.payment(quote), test_cards: [] }),
  'payment-lapsed': (quote) => ({ ...STEPS.payment(quote), quote: { ...quote, lapsed: true } }),
  identity: () => ({
    kind: 'identity',
    level: 'basic',
    reason: reason({
      code: 'identity_required',
      message: 'We have to confirm who you are before this purchase can go on.',
      next_step: 'Confirm your identity; the purchase then goes on where it was.',
    }),
    rejected: false,
    stage: 'email',
    email: null,
    asks: [],
    problem: null,
    test_people: [
      { family_name: 'Reject', label: 'Is not confirmed', outcome: 'rejected' },
      {
        family_name: 'Again',
        label: 'Is asked for the document or the name again',
        outcome: 'again',
      },
      { family_name: 'Slow', label: 'Takes twenty seconds', outcome: 'slow' },
    ],
    test_outcomes: [
      { outcome: 'approved', label: 'Pass the check' },
      { outcome: 'rejected', label: 'Fail the check' },
    ],
  }),
  'identity-code': () => ({ ...STEPS.identity(), stage: 'code', email: 'y•••@example.com' }),
  'identity-details': () => ({
    ...STEPS.identity(),
    stage: 'details',
    level: 'enhanced',
    asks: ['name', 'birth_date', 'country', 'document', 'source_of_funds'],
  }),
  'identity-again': () => ({
    ...STEPS['identity-details'](),
    problem: 'The document could not be read. Check its number, or use another document.',
  }),
  'identity-checking': () => ({ ...STEPS.identity(), stage: 'checking' }),
  'identity-rejected': () => ({
    ...STEPS['identity-details'](),
    reason: reason({
      code: 'identity_rejected',
      message: 'We could not confirm who you are. Nothing was charged.',
      next_step: 'Try again, or go back to the shop.',
    }),
    rejected: true,
  }),
  challenge: (quote) => ({
    kind: 'challenge',
    quote,
    card_last4: '3220',
    hint: 'Simulator: any six digits pass; 000000 is refused.',
  }),
  authorising: processing('authorising', 'We are waiting for your bank to say yes.'),
  sending: processing('sending', 'Your payment went through. Your USDC is on its way.'),
  'sending-slow': processing('sending', 'The network is busy. Your USDC is on its way.', {
    slow: true,
  }),
  refunding: processing(
    'refunding',
    'The delivery did not work out, so your money is on its way back.',
  ),
  review: processing('review', 'Your bank has not answered yet. We keep asking.', { slow: true }),
  unavailable: () => ({
    kind: 'unavailable',
    reason: reason({
      code: 'method_not_available',
      message: 'Card is not available now. Our card partner is working on its systems.',
      next_step: 'This page goes on by itself once it is back. You can also go back to the shop.',
    }),
  }),
  'unavailable-amount': () => ({
    kind: 'unavailable',
    reason: reason({
      code: 'amount_out_of_range',
      message: 'A purchase can be from 10.00 EUR to 50.00 EUR at the moment.',
      limit: '50.00 EUR',
      minimum: '10.00 EUR',
      maximum: '50.00 EUR',
      next_step: 'Go back to the shop and choose something else.',
    }),
  }),
  'amount-gone': (quote) => ({ ...STEPS.amount(quote), notice: 'asset_not_available' }),
  done: (quote) => ({
    kind: 'done',
    quote,
    address: ADDRESS,
    transaction_id: TX,
    chain_transaction: CHAIN,
    explorer_url: 'https://explorer.invalid/tx/1',
  }),
  failed: failed({}),
  'failed-limit': failed(
    { can_retry: false, transaction_id: null },
    {
      code: 'limit_exceeded',
      message: 'This amount is above what can be bought today.',
      limit: '500.00 EUR a day',
      remaining: '20.00 EUR',
      next_step: 'Buy up to 20.00 EUR today, or come back tomorrow.',
    },
  ),
  'failed-refunded': failed({ refunded: true }, { message: 'The network refused the transfer.' }),
  expired: () => ({
    kind: 'ended',
    status: 'expired',
    message: 'It was open for too long. Nothing was charged.',
  }),
  cancelled: () => ({ kind: 'ended', status: 'cancelled', message: 'Nothing was charged.' }),
};

export function makeJourney(name, { session = makeSession(), seconds = 120, revision = 1 } = {}) {
  const quote = makeQuote(USDC, seconds);
  return {
    session: name === 'payment-live' ? { ...session, mode: 'live' } : session,
    revision,
    server_time: new Date().toISOString(),
    step: STEPS[name](quote),
  };
}
