// Must not compile: check.mjs expects an error on each line that ends in `refused`, and on no other.
import { GateRamp } from '../src/index';

const clientSecret = 'cs_1_secret';
const publishableKey = 'pk_test_1';

new GateRamp({ publishableKey: 'sk_test_1', clientSecret }); // refused
new GateRamp({ publishableKey }); // refused
new GateRamp({ publishableKey, clientSecret, theme: 'blue' }); // refused
new GateRamp({ publishableKey, clientSecret, amount: '100.00' }); // refused

const ramp = new GateRamp({ publishableKey, clientSecret });
void ramp.mount(null); // refused
void ramp.mount('#gate', { onPaid: () => {} }); // refused
void ramp.mount('#gate', { onClose: ({ txId }) => txId }); // refused
ramp.setTheme(undefined); // refused
GateRamp.redirectToCheckout({ publishableKey }); // refused
