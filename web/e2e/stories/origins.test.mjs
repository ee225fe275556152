// A page that the partner did not allow gets no checkout, though it has the keys of the page.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { stage } from '../lib/story.mjs';

const story = stage();

story(
  'refuses a page of another origin, and its frame',
  async ({ gate, api, page }) => {
    const { client_secret } = await api.createSession();
    const options = { publishableKey: gate.publishable_key, clientSecret: client_secret };
    const thief = await serve(`<!doctype html><title>Not the shop</title>
      <link rel="icon" href="data:,">
      <output id="said"></output><div id="widget"></div>
      <iframe title="Stolen frame" src="${gate.base_url}/embed/${gate.partner_id}/test"></iframe>
      <script src="${gate.base_url}/gate.js"></script>
      <script>
        const say = (text) => { document.getElementById('said').textContent = text };
        new GateRamp(${JSON.stringify(options)}).mount('#widget', {
          onReady: () => say('ready'),
          onUnavailable: ({ reason }) => say(reason),
        });
      </script>`);
    try {
      await page.goto(thief.url);
      await page.getByText('origin_not_allowed').waitFor();
      assert.equal(await page.locator('#widget iframe').count(), 0);
      const frame = page.frames().find((one) => one.parentFrame() !== null);
      assert.match(frame?.url() ?? '', /^chrome-error:/, 'the browser refused to show the frame');
    } finally {
      thief.close();
    }
  },
  { expected: [/status of 403/, /frame-ancestors/] },
);

story('refuses a secret key in the browser', async ({ gate, page }) => {
  await page.goto(gate.shop_url);
  await page.addScriptTag({ url: `${gate.base_url}/gate.js` });
  const name = await page.evaluate((publishableKey) => {
    try {
      // @ts-expect-error: the script put it there
      new window.GateRamp({ publishableKey, clientSecret: 'any' });
      return 'nothing was thrown';
    } catch (error) {
      return error instanceof Error ? error.name : String(error);
    }
  }, gate.secret_key);
  assert.equal(name, 'SecretKeyError');
});

/** A server for one page. @param {string} page */
async function serve(page) {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(page);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
