import type { Step } from './api';

const PARTS = ['Price', 'Wallet', 'Payment'] as const;

/** Where the buyer stands on the way to paying. Afterwards the steps speak for themselves. */
export function Progress({ step }: { step: Step['kind'] }) {
  const present = ['amount', 'wallet', 'payment', 'challenge'].indexOf(step);
  if (present < 0) return null;
  const at = Math.min(present, PARTS.length - 1);
  return (
    <ol class="progress" aria-label="Progress">
      {PARTS.map((part, index) => (
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
