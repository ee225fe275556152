// The machine's own Chromium, and pages that notice what a person with the console open would.
import { execFileSync } from 'node:child_process';
import { chromium } from 'playwright-core';

/** @typedef {import('playwright-core').Browser} Browser */
/** @typedef {import('playwright-core').BrowserContext} Context */

/** A fresh profile and nothing that calls home. @returns {Promise<Browser>} */
export function launch() {
  return chromium.launch({
    executablePath: execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim(),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * Collects errors of every page of a context: uncaught ones, `console.error`, failed loads and
 * refusals by the content security policy, in the page and in its frames.
 * @param {Context} context
 */
export function listenForComplaints(context) {
  /** @type {string[]} */
  const complaints = [];
  context.on('weberror', (error) => complaints.push(`uncaught: ${error.error()}`));
  context.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' || /content security policy/i.test(text)) {
      complaints.push(`console: ${text} (${message.location().url})`);
    }
  });
  return complaints;
}
