// The stage of a file of stories: one gateway with its shop, one browser, and for each story a
// browser profile of its own. A story fails when a page complains about anything unexpected.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Api } from './api.mjs';
import { launch, listenForComplaints } from './browser.mjs';
import { startGate } from './gate.mjs';
import { Shop } from './shop.mjs';

/**
 * @typedef {import('playwright-core').BrowserContextOptions} ContextOptions
 * @typedef {import('playwright-core').Page} Page
 *
 * @typedef {object} Stage
 * @property {import('./gate.mjs').Gate} gate
 * @property {Api} api the partner's backend, as far as a story needs one
 * @property {Page} page
 * @property {Shop} shop
 *
 * @typedef {object} Options
 * @property {ContextOptions} [context] the buyer's device
 * @property {RegExp[]} [expected] complaints of the browser that belong to the story
 */

/** @param {string[]} [more] further arguments of `gate dev`
 * @returns {(name: string, play: (stage: Stage) => Promise<void>, options?: Options) => void} */
export function stage(more) {
  /** @type {import('./gate.mjs').Gate} */
  let gate;
  /** @type {import('./browser.mjs').Browser} */
  let browser;
  before(async () => {
    [gate, browser] = await Promise.all([startGate(more), launch()]);
  });
  after(() => Promise.all([gate?.stop(), browser?.close()]));

  return (name, play, { context: device, expected = [] } = {}) => {
    test(name, { timeout: 120_000 }, async (t) => {
      const context = await browser.newContext({ reducedMotion: 'reduce', ...device });
      context.setDefaultTimeout(20_000);
      const complaints = listenForComplaints(context);
      const page = await context.newPage();
      try {
        await play({ gate, api: new Api(gate), page, shop: new Shop(page, gate) });
        const unexpected = complaints.filter((text) => !expected.some((known) => known.test(text)));
        assert.deepEqual(unexpected, [], 'the browser complained');
      } catch (error) {
        t.diagnostic(`pages:\n${await describe(context.pages())}`);
        t.diagnostic(`browser:\n${complaints.join('\n')}`);
        t.diagnostic(`gateway:\n${gate.log().split('\n').slice(-40).join('\n')}`);
        throw error;
      } finally {
        await context.close();
      }
    });
  };
}

/** What a person would have seen when it went wrong. @param {Page[]} pages */
async function describe(pages) {
  const texts = [];
  for (const frame of pages.flatMap((page) => page.frames())) {
    const text = await frame.evaluate(() => document.body?.textContent ?? '').catch(String);
    texts.push(`[${frame.url()}]\n${text}`);
  }
  return texts.join('\n');
}
