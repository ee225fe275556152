// The partner's backend, for stories that need a session without a shop, or a hand on one.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';

/**
 * @typedef {import('./gate.mjs').Gate} Gate
 * @typedef {{ id: string, status: string, amount: string, client_secret: string }} Session
 */

export class Api {
  /** @param {Gate} gate */
  constructor(gate) {
    this.gate = gate;
  }

  /** @param {Record<string, unknown>} [fields] @returns {Promise<Session>} */
  createSession(fields = {}) {
    const return_url = `${this.gate.shop_url}/`;
    // A locked price says how much.
    const terms = fields.quote_preview_id ? {} : { amount: '100.00', currency: 'EUR' };
    return this.#call('POST', '/v1/gate_sessions', { ...terms, return_url, ...fields });
  }

  /** A price for a sale that holds for a while. @param {string} on_lapse @returns {Promise<{ id: string }>} */
  lockSale(on_lapse) {
    const sale = { side: 'off_ramp', currency: 'EUR', payment_method: 'sepa_payout' };
    const sold = { asset: 'USDC', network: 'base', amount: '100' };
    return this.#call('POST', '/v1/quotes', { ...sale, ...sold, on_lapse });
  }

  /** @param {string} id @returns {Promise<Session>} */
  session(id) {
    return this.#call('GET', `/v1/gate_sessions/${id}`);
  }

  /** @param {string} id */
  cancel(id) {
    return this.#call('POST', `/v1/gate_sessions/${id}/cancel`);
  }

  /** @param {string} id */
  expire(id) {
    return this.#call('POST', `/v1/test_helpers/gate_sessions/${id}/expire`);
  }

  /** @param {string} id */
  requireKyc(id) {
    return this.#call('POST', `/v1/test_helpers/gate_sessions/${id}/require_kyc`);
  }

  /** The code that was mailed to this address last. @param {string} email @returns {Promise<string>} */
  async codeFor(email) {
    const to = encodeURIComponent(email);
    const { data } = await this.#call('GET', `/v1/test_helpers/mails?to=${to}`);
    return data[0].code;
  }

  /** @param {string} id @param {number} seconds @returns {Promise<Session>} */
  advanceTime(id, seconds) {
    return this.#call('POST', `/v1/test_helpers/gate_sessions/${id}/advance_time`, { seconds });
  }

  /** Lets the tokens of a sale come without their memo. @param {string} session_id @returns {Promise<any>} */
  lose(session_id) {
    return this.#call('POST', '/v1/test_helpers/strays', { session_id });
  }

  /** The transactions of a session, newest first. @param {string} session @returns {Promise<any[]>} */
  async transactionsOf(session) {
    const { data } = await this.#call('GET', '/v1/transactions?limit=100');
    return data.filter((/** @type {any} */ { session_id }) => session_id === session);
  }

  /** What came in for a sale, oldest first. @param {string} transaction @returns {Promise<any[]>} */
  async depositsOf(transaction) {
    return (await this.#call('GET', `/v1/transactions/${transaction}/deposits`)).data;
  }

  /** @param {Record<string, string | null>} tokens */
  brand(tokens) {
    return this.#call('PATCH', '/v1/branding', tokens);
  }

  /** The address of the checkout as a page of its own. @param {Session} session @param {'light' | 'dark'} [theme] */
  checkoutAddress(session, theme) {
    const fragment = new URLSearchParams({
      cs: session.client_secret,
      pk: this.gate.publishable_key,
    });
    if (theme) fragment.set('theme', theme);
    return `${this.gate.base_url}/checkout#${fragment}`;
  }

  /** @param {string} method @param {string} path @param {unknown} [body] */
  async #call(method, path, body) {
    const response = await fetch(this.gate.base_url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.gate.secret_key}`,
        'idempotency-key': randomUUID(),
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const answer = await response.json();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }
}

/** The headers of a webhook, as the contract says. @param {string} secret @param {{ id: string, type: string }} event @param {string} body */
export function signed(secret, event, body) {
  const seconds = String(Math.floor(Date.now() / 1000));
  const hex = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const standard = createHmac('sha256', key).update(`${event.id}.${seconds}.${body}`);
  return {
    'content-type': 'application/json',
    'gate-signature': `t=${seconds},v1=${hex}`,
    'x-0bit-timestamp': seconds,
    'x-0bit-event-id': event.id,
    'x-0bit-event-type': event.type,
    'webhook-id': event.id,
    'webhook-timestamp': seconds,
    'webhook-signature': `v1,${standard.digest('base64')}`,
  };
}
