// Pictures of every state, in every width and theme: node dev/shots.mjs <folder> [state...]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from './browser.mjs';
import { STEPS } from './journeys.mjs';
import { startMock } from './mock.mjs';

const [folder = 'shots', ...only] = process.argv.slice(2);
const states = only.length > 0 ? only : Object.keys(STEPS);
mkdirSync(folder, { recursive: true });
const mock = await startMock();
const browser = await launch();
for (const theme of ['light', 'dark']) {
  for (const width of [320, 390, 1280]) {
    const context = await browser.newContext({
      viewport: { width, height: 800 },
      colorScheme: theme,
      reducedMotion: 'reduce',
    });
    for (const state of states) {
      const room = mock.open(state);
      const page = await context.newPage();
      page.on('console', (message) => console.log(state, message.text()));
      page.on('pageerror', (error) => console.log(state, error));
      // The token alone opens the frame's page; the full page needs a secret, so states that no
      // secret opens are reached through the storage that a reload would use.
      await page.addInitScript(
        ([session, token]) => {
          sessionStorage.setItem(`0gate.token.${session}`, token);
          history.replaceState({ session }, '');
        },
        [room.journey.session.id, room.token],
      );
      await page.goto(`${mock.origin}/checkout`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.screenshot({
        path: join(folder, `${state}-${width}-${theme}.png`),
        fullPage: true,
      });
      await page.close();
    }
    await context.close();
  }
}
await browser.close();
await mock.close();
