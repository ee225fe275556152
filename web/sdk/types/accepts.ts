// Must compile: what a partner writes.
import { createGateOnRamp, GateRamp, MountError } from '../src/index';

const ramp = new GateRamp({
  publishableKey: 'pk_test_1',
  clientSecret: 'cs_1_secret',
  environment: 'sandbox',
  theme: 'dark',
  apiBase: 'https://pay.example',
});

const frame: Promise<HTMLIFrameElement | null> = ramp.mount('#gate', {
  onReady: () => {},
  onSuccess: ({ txId, sessionId }) => [txId.length, sessionId.length],
  onError: ({ code, message }) => [code.length, message.length],
  onClose: ({ reason }) => reason.length,
  onUnavailable: ({ reason }) => reason.length,
});
frame.catch((error: unknown) => error instanceof MountError);
void ramp.mount(document.body);
ramp.setTheme('light');
ramp.close();

GateRamp.redirectToCheckout({ publishableKey: 'pk_live_1', clientSecret: 'cs_1_secret' });
createGateOnRamp({ publishableKey: 'pk_test_1', clientSecret: 'cs_1_secret' }).close();
