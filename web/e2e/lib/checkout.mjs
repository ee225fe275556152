// The hosted checkout as a buyer uses it, in a frame or as a page of its own.

/** @typedef {import('playwright-core').Page | import('playwright-core').FrameLocator} Root */

export const CARD = {
  succeeds: '4242 4242 4242 4242',
  declined: '4000 0000 0000 0002',
  challenge: '4000 0000 0000 3220',
  slow: '4000 0000 0000 3063',
  neverAnswers: '4000 0000 0000 6975',
};

/** The simulated network decides by the last characters. */
export const WALLET = {
  arrives: '0x52908400098527886e0f7030069857d2e4169ee7',
  slow: '0x52908400098527886e0f7030069857d2e416beef',
  fails: '0x52908400098527886e0f7030069857d2e416dead',
};

/** The simulated bank decides by the account. */
export const IBAN = {
  paid: 'DE09 0000 0000 0000 0000 01',
  bounces: 'DE79 0000 0000 0000 0000 02',
  slow: 'DE52 0000 0000 0000 0000 03',
};

/** So do the accounts of the United Kingdom, of the United States and of Pix, and the cards. */
export const UK = {
  paid: { sort_code: '00-00-00', account_number: '00000001' },
  bounces: { sort_code: '00-00-00', account_number: '00000002' },
};
export const US = {
  paid: { routing_number: '110000000', account_number: '000000000001' },
  bounces: { routing_number: '110000000', account_number: '000000000002' },
};
export const PIX = { paid: 'paid@pix.test', bounces: 'bounces@pix.test' };
export const PAYOUT_CARD = { paid: '4000 0566 5566 5556' };

export class Checkout {
  /** @param {Root} root */
  constructor(root) {
    this.root = root;
  }

  /** Waits until the step with this heading is shown. @param {string | RegExp} name */
  async shows(name) {
    await this.root.getByRole('heading', { level: 1, name }).waitFor();
  }

  /** @param {string | RegExp} name */
  press(name) {
    return this.root.getByRole('button', { name }).click();
  }

  async hasPrice() {
    await this.root.getByRole('button', { name: 'Continue with this price' }).waitFor();
  }

  async acceptPrice() {
    await this.press('Continue with this price');
    await this.shows('Where should we send it?');
  }

  /** Where the wallet is known already. */
  async acceptPriceAgain() {
    await this.press('Continue with this price');
    await this.shows('Pay by card');
  }

  async giveWallet(address = WALLET.arrives) {
    await this.root.getByRole('textbox', { name: 'Wallet address' }).fill(address);
    await this.press('Continue to payment');
    await this.shows('Pay by card');
  }

  /** Where the amount is more than anybody may move whom the gateway does not know. */
  async giveWalletAndIdentity(address = WALLET.arrives) {
    await this.root.getByRole('textbox', { name: 'Wallet address' }).fill(address);
    await this.press('Continue to payment');
    await this.shows('Confirm who you are');
  }

  /** @param {string} email */
  async askForCode(email) {
    await this.root.getByRole('textbox', { name: 'E-mail address' }).fill(email);
    await this.press('Send me a code');
    await this.shows('Enter your code');
  }

  /** @param {string} code */
  async giveCode(code) {
    await this.root.getByRole('textbox', { name: '6-digit code' }).fill(code);
    await this.press('Confirm');
  }

  /** Answers as one of the people whom the simulator knows. @param {RegExp} button */
  async isPerson(button) {
    await this.shows('About you');
    await this.root.getByRole('button', { name: button }).click();
    await this.press('Continue');
  }

  /** Answers as somebody who passes. */
  async isSomebody() {
    await this.isPerson(/^Is confirmed/);
  }

  async payWith(number = CARD.succeeds) {
    await this.root.getByRole('textbox', { name: 'Card number' }).fill(number);
    await this.root.getByRole('textbox', { name: 'Expiry' }).fill('12/34');
    await this.root.getByRole('textbox', { name: 'Security code' }).fill('123');
    await this.press(/^Pay €/);
  }

  /** @param {string} code */
  async confirmWith(code) {
    await this.shows('Confirm it’s you');
    await this.root.getByRole('textbox', { name: '6-digit code' }).fill(code);
    await this.press('Confirm payment');
  }

  /** From the price of a sale to the step that says where to send. */
  async goToDeposit({ iban = IBAN.paid, wallet = WALLET.arrives } = {}) {
    await this.press('Continue with this price');
    await this.giveAccount(iban);
    await this.giveRefundAddress(wallet);
    await this.press('Show me where to send');
    await this.shows(/^Send /);
  }

  /** From the price of a swap to the step that says where to send. */
  async goToSwap({ wallet = WALLET.arrives, back = WALLET.arrives } = {}) {
    await this.press('Continue with this price');
    await this.shows('Where should we send it?');
    await this.root.getByRole('textbox', { name: 'Wallet address' }).fill(wallet);
    await this.press('Continue');
    await this.shows('Where would it go back to?');
    await this.root.getByRole('textbox', { name: 'Refund address' }).fill(back);
    await this.press('Continue');
    await this.shows('Check your swap');
    await this.press('Show me where to send');
    await this.shows(/^Send /);
  }

  async giveAccount(iban = IBAN.paid) {
    await this.shows('Where should the money go?');
    await this.root.getByRole('textbox', { name: 'IBAN' }).fill(iban);
    await this.press('Continue');
  }

  async giveUkAccount({ sort_code, account_number } = UK.paid) {
    await this.shows('Where should the money go?');
    await this.root.getByRole('textbox', { name: 'Sort code' }).fill(sort_code);
    await this.root.getByRole('textbox', { name: 'Account number' }).fill(account_number);
    await this.press('Continue');
  }

  async giveUsAccount({ routing_number, account_number } = US.paid, savings = false) {
    await this.shows('Where should the money go?');
    await this.root.getByRole('textbox', { name: 'Routing number' }).fill(routing_number);
    await this.root.getByRole('textbox', { name: 'Account number' }).fill(account_number);
    if (savings) await this.root.getByRole('radio', { name: 'Savings' }).check();
    await this.press('Continue');
  }

  async givePixKey(key = PIX.paid) {
    await this.shows('Where should the money go?');
    await this.root.getByRole('textbox', { name: 'Pix key' }).fill(key);
    await this.press('Continue');
  }

  /** From the refund address of a sale until the money is there. */
  async sendAndBePaid(wallet = WALLET.arrives) {
    await this.giveRefundAddress(wallet);
    await this.press('Show me where to send');
    await this.shows(/^Send /);
    await this.press(/^What is missing/);
  }

  async giveRefundAddress(wallet = WALLET.arrives) {
    await this.shows('Where would it go back to?');
    await this.root.getByRole('textbox', { name: 'Refund address' }).fill(wallet);
    await this.press('Continue');
    await this.shows('Check your sale');
  }

  /** From the price to the payment. */
  async goToPayment() {
    await this.acceptPrice();
    await this.giveWallet();
  }

  async isDone() {
    await this.shows(/delivered$/);
  }

  async isPaidOut() {
    await this.shows(/paid out$/);
  }

  /** Whatever came of it. */
  async returnToTheShop() {
    await this.press(/^Return to /);
  }
}
