// What every state of a page owes to everybody: no accessibility fault, no sideways scrolling.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** @typedef {import('playwright-core').Page} Page @typedef {import('playwright-core').Frame} Frame */

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Audits the page or frame as it is now. @param {Page | Frame} target @param {string} state */
export async function assertAccessible(target, state) {
  await target.evaluate(AXE);
  /** @type {string[]} */
  const faults = await target.evaluate(async (rules) => {
    // @ts-expect-error: the line above put it there
    const { violations } = await window.axe.run(document, {
      runOnly: rules,
      iframes: false,
    });
    return violations.flatMap((/** @type {import('axe-core').Result} */ { id, help, nodes }) =>
      nodes.map((node) => `${id}: ${help}: ${node.html} ${node.failureSummary}`),
    );
  }, RULES);
  assert.deepEqual(faults, [], `accessibility of ${state}`);
}

/** @param {Page | Frame} target @param {string} state */
export async function assertFitsTheWidth(target, state) {
  const { wanted, there } = await target.evaluate(() => ({
    wanted: document.documentElement.scrollWidth,
    there: document.documentElement.clientWidth,
  }));
  assert.ok(wanted <= there, `${state} is ${wanted} px wide where there are ${there}`);
}
