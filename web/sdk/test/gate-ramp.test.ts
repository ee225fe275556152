// The parts of the loader that need no page. The rest is driven in a browser by the surface's audit.
import { expect, test } from 'vitest';
import { GateRamp } from '../src/gate-ramp';
import { checkOptions, type GateOptions } from '../src/options';

const options: GateOptions = {
  publishableKey: 'pk_test_1',
  clientSecret: 'cs_1_secret',
  apiBase: 'https://pay.example/gate.js',
};

test('a secret key is refused by name, and not repeated in the message', () => {
  const secret = { ...options, publishableKey: 'sk_live_abc' as GateOptions['publishableKey'] };
  expect(() => checkOptions(secret)).toThrow(expect.objectContaining({ name: 'SecretKeyError' }));
  expect(() => checkOptions(secret)).not.toThrow(/sk_live_abc/);
});

test('what is missing is said at once', () => {
  expect(() => checkOptions({ ...options, clientSecret: '' })).toThrow('clientSecret');
  expect(() => new GateRamp({ ...options, publishableKey: '' as 'pk_' })).toThrow('publishableKey');
});

test('closing before mounting does nothing', () => {
  globalThis.location ??= { href: 'https://shop.example/' } as Location;
  expect(() => new GateRamp(options).close()).not.toThrow();
});
