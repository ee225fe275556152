// The demo shop as its customer uses it.
import assert from 'node:assert/strict';
import { Checkout } from './checkout.mjs';

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {{ status: string, session_id: string, fulfilments: number, fulfilled_by: string,
 *   event_ids: string[], problem: string | null }} Order what the shop knows
 */

export class Shop {
  /** @param {Page} page @param {import('./gate.mjs').Gate} gate */
  constructor(page, gate) {
    this.page = page;
    this.gate = gate;
  }

  /** Presses Buy and answers the address of the new order. */
  async buy() {
    await this.page.goto(this.gate.shop_url);
    await this.page.getByRole('button', { name: 'Buy' }).click();
    await this.page.waitForURL('**/orders/*');
    return this.page.url();
  }

  /** The checkout in a frame of the shop's page. */
  async payInThisPage() {
    await this.page.getByRole('button', { name: 'Pay in this page' }).click();
    return this.framed();
  }

  framed() {
    return new Checkout(this.page.frameLocator('iframe[title="Secure checkout"]'));
  }

  /** The checkout as a page of its own. */
  async payOnTheHostedPage() {
    await this.page.getByRole('button', { name: 'Pay on the hosted page' }).click();
    await this.page.waitForURL(`${this.gate.base_url}/checkout`);
    return new Checkout(this.page);
  }

  /** Waits until the page of the order, where the customer is by now, says so. @param {string} status */
  async shows(status) {
    await this.page.waitForURL('**/orders/*');
    await this.page
      .getByRole('status')
      .filter({ hasText: new RegExp(`^${status}$`) })
      .waitFor();
  }

  /** Keeps the webhooks out, as if they were late. @param {boolean} hold */
  async holdWebhooks(hold) {
    const response = await fetch(`${this.gate.shop_url}/test/webhooks/hold`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ hold }),
    });
    assert.ok(response.ok);
  }

  /** What the shop's own books say. @param {string} address @returns {Promise<Order>} */
  async order(address) {
    const { orders } = await this.#read('/orders.json');
    return orders.find((/** @type {{ order_id: string }} */ one) =>
      address.endsWith(`/${one.order_id}`),
    );
  }

  /** @returns {Promise<{ event_id: string, event_type: string, processing_state: string }[]>} */
  async events() {
    return (await this.#read('/events.json')).events;
  }

  /** @param {string} path */
  async #read(path) {
    return (await fetch(this.gate.shop_url + path)).json();
  }
}
