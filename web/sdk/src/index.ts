import { GateRamp } from './gate-ramp';
import type { GateOptions } from './options';

export { GateRamp } from './gate-ramp';
export {
  type GateHandlers,
  type GateOptions,
  MountError,
  type PublishableKey,
  SecretKeyError,
  type Theme,
} from './options';

// The flow of a session is fixed on the server. These name what the partner expects, so that the
// call reads well; they cannot widen it.
export const createGateOnRamp = (options: GateOptions) => new GateRamp(options);
export const createGateOffRamp = (options: GateOptions) => new GateRamp(options);
export const createGateSwap = (options: GateOptions) => new GateRamp(options);
