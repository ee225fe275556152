import type { Flow, Step } from './api';
import { flowOf } from './parts/trade';

const PARTS: Record<Flow, readonly string[]> = {
  on_ramp: ['Price', 'Wallet', 'Payment'],
  off_ramp: ['Price', 'Account', 'Wallet', 'Send'],
  swap: ['Price', 'Wallet', 'Send'],
};
const PLACES: Partial<Record<Step['kind'], readonly [purchase: number, sale: number]>> = {
  amount: [0, 0],
  account: [0, 1],
  wallet: [1, 2],
  confirm: [2, 3],
  payment: [2, 3],
  challenge: [2, 3],
  deposit: [2, 3],
};

/** Where the user stands on the way to paying or sending; a swap has the places of a purchase. Afterwards the steps speak for themselves. */
export function Progress({ step }: { step: Step }) {
  const places = PLACES[step.kind];
  if (places === undefined) return null;
  const flow = flowOf(step);
  const parts = PARTS[flow];
  const at = places[flow === 'off_ramp' ? 1 : 0];
  return (
    <ol class="progress" aria-label="Progress">
      {parts.map((part, index) => (
        <li
          key={part}
          data-mark={index < at ? 'past' : index === at ? 'present' : 'to come'}
          aria-current={index === at ? 'step' : undefined}
        >
          {part}
        </li>
      ))}
    </ol>
  );
}
