// A stand-in for the server, for development of the page only: journeys in memory, the built pages
// with the real content policy, and a partner's page on an origin of its own.
//
//   npm run mock   then open the address that it prints
//
// The client secret names the state to start in: cs_amount, cs_wallet, cs_payment, ...
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { BRANDING, makeJourney, makeQuote, makeSession, STEPS, TEST_CARDS } from './journeys.mjs';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "font-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'";
const TYPES = { css: 'text/css', html: 'text/html', js: 'text/javascript', svg: 'image/svg+xml' };

/** @returns the running mock: its origins, its sessions by token, and `close` */
export async function startMock({
  port = 0,
  shopPort = 0,
  quoteSeconds = 120,
  paceMs = 1500,
} = {}) {
  const rooms = new Map();
  /** @type {{ refuse: [number, string, string] | null, streams: boolean, streamsOpened: number }} */
  const faults = { refuse: null, streams: true, streamsOpened: 0 };
  const context = { rooms, faults, quoteSeconds, paceMs, origin: '', shop: '' };
  const gate = createServer((request, response) => serve(context, request, response));
  const shop = createServer((request, response) => servePartner(context, request, response));
  context.origin = await listen(gate, port);
  context.shop = await listen(shop, shopPort);
  return {
    ...context,
    open: (name, options) => openRoom(context, name, context.origin, options),
    close: async () => {
      for (const room of rooms.values()) clearTimeout(room.timer);
      for (const server of [gate, shop]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

function listen(server, port) {
  return new Promise((resolve) =>
    server.listen(port, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`)),
  );
}

function openRoom(context, name, org, options = {}) {
  const session = makeSession({ return_url: `${context.shop}/back`, ...options.session });
  const journey = makeJourney(name, { seconds: context.quoteSeconds, ...options, session });
  const claims = { org, sub: session.id, exp: Math.floor(Date.now() / 1000) + 3600 };
  const token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;
  const room = { token, journey, listeners: new Set(), timer: null };
  context.rooms.set(token, room);
  return room;
}

/** Moves a journey on and tells every open stream. */
export function move(room, step) {
  room.journey = { ...room.journey, revision: room.journey.revision + 1, step };
  for (const tell of room.listeners) tell();
  return present(room);
}

function present(room) {
  const now = Date.now();
  const { step } = room.journey;
  const quote = step.quote;
  const lapsed = quote && (quote.lapsed || Date.parse(quote.expires_at) <= now);
  return {
    ...room.journey,
    server_time: new Date(now).toISOString(),
    step: quote ? { ...step, quote: { ...quote, lapsed } } : step,
  };
}

async function serve(context, request, response) {
  const { pathname } = new URL(request.url, context.origin);
  if (pathname === '/v1/embed/bootstrap') return bootstrap(context, request, response);
  if (pathname.startsWith('/v1/embed/'))
    return runtime(context, pathname.slice(10), request, response);
  if (pathname === '/checkout') return page(response, "frame-ancestors 'none'");
  if (pathname.startsWith('/embed/')) return page(response, `frame-ancestors ${context.shop}`);
  if (pathname === '/gate.js') {
    const headers = {
      'cross-origin-resource-policy': 'cross-origin',
      'access-control-allow-origin': '*',
    };
    return file(response, 'gate.js', headers);
  }
  return file(response, `surface${pathname}`);
}

const page = (response, ancestors) =>
  file(response, 'surface/index.html', {
    'content-security-policy': `${POLICY}; ${ancestors}`,
    'referrer-policy': 'no-referrer',
  });

function file(response, path, headers = {}) {
  try {
    const body = readFileSync(DIST + path.replaceAll('..', ''));
    response.writeHead(200, {
      'content-type': TYPES[path.split('.').pop()] ?? 'text/plain',
      ...headers,
    });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}

async function bootstrap(context, request, response) {
  const cors = {
    'access-control-allow-origin': request.headers.origin ?? '*',
    'access-control-allow-headers': 'authorization, content-type',
  };
  if (request.method === 'OPTIONS') return response.writeHead(204, cors).end();
  const { clientSecret = '' } = await readJson(request);
  const name = clientSecret.replace(/^cs_/, '');
  if (!STEPS[name])
    return refuse(response, 401, 'invalid_client_secret', 'No such session.', {}, cors);
  if (name === 'expired' || name === 'cancelled') {
    const session = { id: 'cs_test_0', status: name };
    return refuse(response, 409, 'session_not_open', 'This session has ended.', { session }, cors);
  }
  const room = openRoom(context, name, request.headers.origin ?? context.origin);
  const { session } = room.journey;
  return json(
    response,
    200,
    {
      embed_token: room.token,
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
      partner_id: 'pt_demo',
      mode: session.mode,
      session_id: session.id,
      amount: session.amount,
      currency: session.currency,
      target_token: null,
      target_network: null,
      return_url: session.return_url,
      flow: session.flow,
      branding: BRANDING,
    },
    cors,
  );
}

async function runtime(context, path, request, response) {
  if (context.faults.refuse) return refuse(response, ...context.faults.refuse);
  const room = context.rooms.get(request.headers['x-embed-token']);
  if (!room) return refuse(response, 401, 'invalid_embed_token', 'This checkout is not known.');
  if (path === 'journey/stream') return stream(context, room, response);
  if (path === 'journey') return json(response, 200, present(room));
  const body = await readJson(request);
  const action = ACTIONS[path];
  if (!action) return refuse(response, 404, 'not_found', 'No such action.');
  const refusal = action(context, room, body);
  return refusal ? refuse(response, ...refusal) : json(response, 200, present(room));
}

function stream(context, room, response) {
  if (!context.faults.streams) return refuse(response, 503, 'try_again', 'Busy.');
  context.faults.streamsOpened += 1;
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const tell = () => {
    const journey = present(room);
    response.write(`event: journey\nid: ${journey.revision}\ndata: ${JSON.stringify(journey)}\n\n`);
  };
  const comment = setInterval(() => response.write(': still here\n\n'), 15_000);
  room.listeners.add(tell);
  response.on('close', () => {
    clearInterval(comment);
    room.listeners.delete(tell);
  });
  tell();
}

const USDC = { target_token: 'USDC', target_network: 'base' };

/** Each changes the room, or answers what to refuse it with. */
const ACTIONS = {
  quote: (context, room, target) => {
    const { step } = room.journey;
    move(room, {
      ...step,
      selected: target,
      notice: null,
      quote: makeQuote(target, context.quoteSeconds),
    });
  },
  'quote/accept': (_context, room) => {
    const { step } = present(room);
    if (step.quote.lapsed) return [409, 'quote_expired', 'This price has lapsed.'];
    move(room, STEPS.wallet(step.quote));
  },
  wallet: (_context, room, { address }) => {
    const { step } = room.journey;
    if (!/^0x[0-9a-f]{40}$/i.test(address)) {
      const next_step = 'An address on Base starts with 0x and has 40 more characters.';
      return [
        400,
        'invalid_wallet_address',
        'This is not an address on Base.',
        { param: '/address', reason: { next_step } },
      ];
    }
    move(room, { ...STEPS.payment(step.quote), address });
  },
  back: (_context, room, { to }) => {
    const { quote, address } = room.journey.step;
    const target = { target_token: quote.target_token, target_network: quote.target_network };
    move(room, to === 'amount' ? STEPS.amount(quote, target) : STEPS.wallet(quote, address));
  },
  pay: (context, room, { card }) => {
    const { step } = present(room);
    if (step.kind !== 'payment') return;
    if (step.quote.lapsed) return [409, 'quote_expired', 'This price has lapsed.'];
    const known = TEST_CARDS.find((test) => test.number.replaceAll(' ', '') === card.number);
    if (!known) {
      return [
        400,
        'test_card_required',
        'Use one of the test cards: this is test mode.',
        { param: '/card/number' },
      ];
    }
    if (known.outcome === 'challenge') move(room, STEPS.challenge(step.quote));
    else settle(context, room, known.outcome);
  },
  identity: (context, room, { outcome }) => {
    if (outcome === 'rejected') move(room, STEPS['identity-rejected']());
    else move(room, STEPS.amount(makeQuote(USDC, context.quoteSeconds)));
  },
  'identity/email': (_context, room) => {
    move(room, STEPS['identity-code']());
  },
  'identity/code': (_context, room, { code }) => {
    if (code === '000000') {
      const message = 'This is not the code that we sent. You have 4 tries left.';
      return [400, 'identity_code_wrong', message, { param: '/code' }];
    }
    move(room, STEPS['identity-details']());
  },
  'identity/details': (context, room, { family_name }) => {
    move(room, STEPS['identity-checking']());
    const after = { Reject: 'identity-rejected', Again: 'identity-again' }[family_name];
    const next = after ? STEPS[after]() : STEPS.amount(makeQuote(USDC, context.quoteSeconds));
    room.timer = setTimeout(() => move(room, next), context.paceMs);
  },
  challenge: (context, room, { code }) =>
    settle(context, room, code === '000000' ? 'declined' : 'succeeds'),
  retry: (context, room) => {
    move(room, STEPS.amount(makeQuote(USDC, context.quoteSeconds)));
  },
  cancel: (_context, room) => {
    if (room.journey.step.kind === 'processing') {
      return [
        409,
        'payment_in_flight',
        'Your payment is under way and cannot be cancelled any more.',
      ];
    }
    move(room, STEPS.cancelled());
  },
};

function settle(context, room, outcome) {
  const { quote } = room.journey.step;
  const good = !['declined', 'insufficient_funds'].includes(outcome);
  const rest = good ? ['sending', 'done'] : ['failed'];
  const next = (names) => {
    const [name, ...later] = names;
    if (!name) return;
    room.timer = setTimeout(() => {
      move(room, STEPS[name](quote));
      next(later);
    }, context.paceMs);
  };
  move(room, STEPS.authorising(quote));
  if (outcome !== 'never_answers') next(rest);
}

function servePartner(context, request, response) {
  const { pathname, searchParams } = new URL(request.url, context.shop);
  response.writeHead(200, { 'content-type': 'text/html' });
  if (pathname !== '/')
    return response.end(`<!doctype html><title>Back</title><p>Back: ${request.url}`);
  const state = searchParams.get('state') ?? 'amount';
  response.end(`<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
    <title>Demo Shop</title><h1>Demo Shop</h1><div id="gate"></div>
    <script src="${context.origin}/gate.js"></script>
    <script>
      window.heard = [];
      const say = (name) => (payload) => window.heard.push([name, payload]);
      window.ramp = new GateRamp({ publishableKey: 'pk_test_1', clientSecret: 'cs_${encodeURIComponent(state)}' });
      ramp.mount('#gate', { onReady: say('ready'), onSuccess: say('success'), onError: say('error'),
        onClose: say('close'), onUnavailable: say('unavailable') }).catch((error) => say('rejected')(error.name));
    </script>`);
}

async function readJson(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : {};
}

function json(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function refuse(response, status, code, message, over = {}, headers = {}) {
  const body = {
    type: 'api_error',
    code,
    message,
    request_id: 'req_1',
    doc_url: null,
    statusCode: status,
    param: null,
  };
  json(response, status, { ...body, ...over }, headers);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await startMock({ port: 4180, shopPort: 4181 });
  console.log(`full page: ${mock.origin}/checkout#cs=cs_amount&pk=pk_test_1`);
  console.log(`in a frame: ${mock.shop}/?state=amount`);
  console.log(`states: ${Object.keys(STEPS).join(' ')}`);
}
