// The script tag: everything under `GateJS`, and the class itself under its own name.
import { GateRamp } from './index';

declare global {
  interface Window {
    GateRamp: typeof GateRamp;
  }
}

window.GateRamp = GateRamp;

export * from './index';
