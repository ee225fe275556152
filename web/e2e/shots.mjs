// Pictures of every step, light and dark, on a phone and on a desktop: node shots.mjs FOLDER
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Api } from './lib/api.mjs';
import { launch } from './lib/browser.mjs';
import { startGate } from './lib/gate.mjs';
import { walk } from './lib/walk.mjs';

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };
const folder = process.argv[2] ?? 'shots';

await mkdir(folder, { recursive: true });
const [gate, browser] = await Promise.all([startGate(), launch()]);
try {
  for (const theme of /** @type {const} */ (['light', 'dark'])) {
    for (const [device, viewport] of Object.entries(SIZES)) {
      const page = await browser.newPage({ viewport, colorScheme: theme, reducedMotion: 'reduce' });
      let number = 0;
      await walk(page, new Api(gate), theme, async (state) => {
        number += 1;
        const name = `${device}-${theme}-${String(number).padStart(2, '0')}-${state}.png`;
        await page.screenshot({ path: join(folder, name), fullPage: true });
      });
      await page.close();
    }
  }
} finally {
  await Promise.all([gate.stop(), browser.close()]);
}
