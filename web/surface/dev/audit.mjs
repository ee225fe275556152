// Walks every state of the built page in a browser and lets axe-core, the layout and the finger
// have their say; then buys once in a partner's frame. Exits with 1 when something is wrong.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { launch } from './browser.mjs';
import { STEPS } from './journeys.mjs';
import { startMock } from './mock.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const problems = [];
let checks = 0;
const expect = (fine, text) => {
  checks += 1;
  if (!fine) problems.push(text);
};

const mock = await startMock({ paceMs: 150 });
const browser = await launch();
for (const colorScheme of ['light', 'dark']) {
  for (const width of [320, 1280]) {
    for (const state of Object.keys(STEPS)) await auditState(state, width, colorScheme);
  }
}
await buyInFrame();
await buyOnFullPage();
await cancelInFrame();
await refusedInFrame();
await loaderKeepsItsWord();
await browser.close();
await mock.close();
for (const problem of problems) console.log(problem);
console.log(`${checks - problems.length} passed, ${problems.length} failed`);
process.exitCode = problems.length > 0 ? 1 : 0;

async function auditState(state, width, colorScheme) {
  const name = `${state} ${width} ${colorScheme}`;
  const room = mock.open(state);
  const page = await browser.newPage({
    viewport: { width, height: 800 },
    colorScheme,
    reducedMotion: 'reduce',
    bypassCSP: true, // for axe, which is put into the page as a script
  });
  page.on('pageerror', (error) => expect(false, `${name}: ${error}`));
  await page.addInitScript(
    ([session, token]) => {
      sessionStorage.setItem(`0gate.token.${session}`, token);
      history.replaceState({ session }, '');
    },
    [room.journey.session.id, room.token],
  );
  await page.goto(`${mock.origin}/checkout`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  for (const { id, nodes } of violations) {
    problems.push(
      `${name}: ${id} ${nodes
        .map((node) => node.html)
        .join(' ')
        .slice(0, 200)}`,
    );
  }
  const measured = await page.evaluate(() => ({
    overflow: document.documentElement.scrollWidth - innerWidth,
    small: [...document.querySelectorAll('button, a, input, textarea, summary, .choice')]
      .filter((control) => control.type !== 'radio')
      .filter((control) => control.getBoundingClientRect().height < 43.5)
      .map((control) => control.outerHTML.slice(0, 120)),
  }));
  expect(measured.overflow <= 0, `${name}: ${measured.overflow} px wider than the screen`);
  expect(measured.small.length === 0, `${name}: too small for a finger: ${measured.small}`);
  await page.close();
}

async function buyInFrame() {
  const { page, frame } = await openPartner('amount');
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  await frame.getByRole('radio', { name: /Ether/ }).check();
  await frame.getByText('ETH', { exact: false }).first().waitFor();
  await frame.getByRole('radio', { name: /USD Coin/ }).check();
  await frame.getByRole('button', { name: 'Continue with this price' }).click();
  await focusOn(frame, 'Where should we send it?');
  await frame.getByLabel('Wallet address').fill('0x12');
  await frame.getByRole('button', { name: 'Continue to payment' }).click();
  await frame.getByText('This is not an address on Base.').waitFor();
  const field = frame.getByRole('textbox', { name: 'Wallet address' });
  expect(
    (await field.getAttribute('aria-invalid')) === 'true',
    'frame: the bad address is not marked',
  );
  await field.fill('0x71C7656EC7ab88b098defB751B7401B5f6d8976F');
  await frame.getByRole('button', { name: 'Continue to payment' }).click();
  await focusOn(frame, 'Pay by card');
  await frame.getByRole('button', { name: 'Pay €100.00' }).click();
  await frame.getByText('Enter the full card number.').waitFor();
  const number = frame.getByLabel('Card number');
  await number.pressSequentially('4000000000003221');
  expect(
    (await number.inputValue()) === '4000 0000 0000 3221',
    'frame: the card number is not grouped',
  );
  await frame.getByLabel('Expiry').pressSequentially('1234');
  expect(
    (await frame.getByLabel('Expiry').inputValue()) === '12/34',
    'frame: the expiry has no slash',
  );
  await frame.getByLabel('Security code').pressSequentially('123');
  await frame.getByRole('button', { name: 'Pay €100.00' }).click();
  await frame.getByText('Use one of the test cards').waitFor();
  await frame.getByRole('button', { name: /Needs a second step/ }).click();
  await frame.getByRole('button', { name: 'Pay €100.00' }).dblclick();
  await focusOn(frame, 'Confirm it’s you');
  await frame.getByLabel('6-digit code').fill('123456');
  await frame.getByRole('button', { name: 'Confirm payment' }).click();
  await focusOn(frame, /delivered/);
  const heard = await page.evaluate(() => globalThis.heard);
  expect(
    heard.filter(([name]) => name === 'ready').length === 1,
    `frame: ready once, not ${JSON.stringify(heard)}`,
  );
  expect(heard.filter(([name]) => name === 'success').length === 1, 'frame: success once');
  const [height, wanted] = await Promise.all([
    page.locator('iframe').evaluate((element) => element.clientHeight),
    frame.locator('#root').evaluate((element) => Math.ceil(element.getBoundingClientRect().height)),
  ]);
  expect(height === wanted, `frame: ${height} px high, its page ${wanted}`);
  const address = await frame.locator('html').evaluate(() => location.href);
  expect(!address.includes('#'), 'frame: the token stays in the address');
  await page.evaluate(() => globalThis.ramp.setTheme('dark'));
  await frame.locator('html[data-theme="dark"]').waitFor();
  await frame.getByRole('button', { name: 'Return to Demo Shop' }).click();
  await page.locator('iframe').waitFor({ state: 'detached' });
  expect(
    JSON.stringify((await page.evaluate(() => globalThis.heard)).at(-1)) ===
      '["close",{"reason":"done"}]',
    'frame: close',
  );
  expect(said.filter((text) => !text.includes('400')).length === 0, `frame: console says ${said}`);
  await page.close();
}

async function buyOnFullPage() {
  const page = await browser.newPage();
  await page.goto(`${mock.origin}/checkout#cs=cs_payment&pk=pk_test_1`);
  await page.getByRole('heading', { name: 'Pay by card' }).waitFor();
  expect(!page.url().includes('#'), 'full page: the secret stays in the address');
  await page.reload();
  await page.getByRole('button', { name: /Declined/ }).click();
  await page.getByRole('button', { name: 'Pay €100.00' }).click();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('button', { name: 'Continue with this price' }).waitFor();
  await page.getByRole('button', { name: 'Cancel purchase' }).click();
  await page.getByRole('button', { name: 'Yes, cancel it' }).click();
  await page.waitForURL(/gate_result=cancelled/);
  expect(
    page.url().includes('gate_session_id=cs_test_'),
    'full page: the way back names no session',
  );
  await page.close();
}

async function cancelInFrame() {
  const { page, frame } = await openPartner('wallet');
  await frame.getByRole('button', { name: 'Cancel purchase' }).click();
  await frame.getByRole('button', { name: 'Yes, cancel it' }).click();
  await focusOn(frame, 'Purchase cancelled');
  await frame.getByRole('button', { name: 'Close' }).click();
  await page.locator('iframe').waitFor({ state: 'detached' });
  expect(
    (await page.evaluate(() => globalThis.heard)).at(-1)[1].reason === 'user',
    'close: reason',
  );
  await page.close();
}

async function refusedInFrame() {
  const page = await browser.newPage();
  await page.goto(`${mock.shop}/?state=expired`);
  await page.waitForFunction(() => globalThis.heard.length > 0);
  const heard = JSON.stringify(await page.evaluate(() => globalThis.heard));
  expect(heard === '[["unavailable",{"reason":"session_not_open"}]]', `refused: ${heard}`);
  expect((await page.locator('iframe').count()) === 0, 'refused: a frame was made');
  await page.close();
}

async function loaderKeepsItsWord() {
  const { page } = await openPartner('wallet');
  await page.waitForFunction(() => globalThis.heard.length > 0);
  const outcome = await page.evaluate(async (origin) => {
    const keys = { publishableKey: 'pk_test_1', clientSecret: 'cs_wallet' };
    const nameOf = (work) =>
      Promise.resolve()
        .then(work)
        .then(
          () => 'fine',
          (error) => error.name,
        );
    const [one, two] = await Promise.all([ramp.mount('#gate'), ramp.mount('#gate')]);
    // A page of the partner, or a stranger, speaks in the frame's name.
    const forged = {
      source: '0gate',
      version: 1,
      type: 'success',
      payload: { txId: 'x', sessionId: 'y' },
    };
    postMessage(forged, '*');
    const heard = [];
    const cut = new GateRamp({ ...keys, apiBase: 'http://127.0.0.1:9' });
    const missing = new GateRamp(keys);
    const throwing = new GateRamp(keys);
    const place = document.body.appendChild(document.createElement('div'));
    addEventListener('error', (event) => event.preventDefault());
    await throwing.mount(place, {
      onReady: () => {
        throw new Error('a fault of the partner');
      },
      onClose: () => heard.push('closed'),
    });
    await new Promise((resolve) => setTimeout(resolve, 600));
    throwing.close();
    return {
      same: one === two && document.querySelectorAll('#gate iframe').length === 1,
      forged: globalThis.heard.some(([name]) => name === 'success'),
      cut: await nameOf(() => cut.mount('#gate', { onError: ({ code }) => heard.push(code) })),
      again: await nameOf(() => cut.mount('#gate')),
      missing: await nameOf(() => missing.mount('#nowhere')),
      later: await nameOf(() => missing.mount(place)),
      secret: await nameOf(() => new GateRamp({ ...keys, publishableKey: 'sk_test_1' })),
      names: Object.keys(GateJS).sort().join(' '),
      title: one.title,
      allow: one.allow,
      heard: heard.join(' '),
      src: one.src.startsWith(`${origin}/embed/pt_demo/test#token=`),
    };
  }, mock.origin);
  const wanted = {
    same: true,
    forged: false,
    cut: 'MountError',
    again: 'MountError',
    missing: 'MountError',
    later: 'fine',
    secret: 'SecretKeyError',
    names: 'GateRamp MountError SecretKeyError createGateOffRamp createGateOnRamp createGateSwap',
    title: 'Secure checkout',
    allow: 'payment; clipboard-write',
    heard: 'closed network_error',
    src: true,
  };
  for (const [name, value] of Object.entries(wanted)) {
    expect(outcome[name] === value, `loader: ${name} is ${outcome[name]}, not ${value}`);
  }
  await page.evaluate(() =>
    GateRamp.redirectToCheckout({ publishableKey: 'pk_test_1', clientSecret: 'cs_done' }),
  );
  await page.getByRole('heading', { name: /delivered/ }).waitFor();
  expect(page.url() === `${mock.origin}/checkout`, `redirect: ${page.url()}`);
  await page.getByRole('button', { name: 'Return to Demo Shop' }).click();
  await page.waitForURL(/gate_result=done/);
  await page.close();
}

async function openPartner(state) {
  const page = await browser.newPage({ viewport: { width: 480, height: 900 } });
  page.on('pageerror', (error) => expect(false, `partner: ${error}`));
  await page.goto(`${mock.shop}/?state=${state}`);
  return { page, frame: page.frameLocator('iframe') };
}

/** A new step takes the focus to its heading. */
async function focusOn(frame, name) {
  const heading = frame.getByRole('heading', { name, level: 1 });
  await heading.waitFor();
  const focused = await heading.evaluate((element) => element === document.activeElement);
  expect(focused, `the focus is not on "${name}"`);
}
