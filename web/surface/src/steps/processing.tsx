import { useEffect } from 'preact/hooks';
import type { ProcessingStep } from '../api';
import { usePage } from '../context';
import { assertNever } from '../never';
import { CopyRow } from '../parts/copy-row';
import { Heading } from '../parts/heading';
import { CheckIcon } from '../parts/icons';
import { Notice } from '../parts/notice';
import { Summary } from '../parts/summary';

type Mark = 'past' | 'present' | 'to come';
type Stage = readonly [title: string, mark: Mark];

export function ProcessingView({ step }: { step: ProcessingStep }) {
  const { announce } = usePage();
  useEffect(() => announce(step.message), [step.message, announce]);
  return (
    <div class="step">
      <header class="step-head">
        <Heading>{title(step.stage)}</Heading>
        <p class="lead">{step.message}</p>
      </header>
      <ol class="timeline">
        {stages(step).map(([name, mark]) => (
          <li key={name} data-mark={mark} aria-current={mark === 'present' ? 'step' : undefined}>
            <span class="bullet" aria-hidden="true">
              {mark === 'past' && <CheckIcon size={14} />}
            </span>
            <span>
              {name}
              <span class="sr-only">, {mark}</span>
            </span>
          </li>
        ))}
      </ol>
      {step.slow && (
        <Notice tone="info">
          This takes longer than usual. There is nothing that you need to do.
        </Notice>
      )}
      <Summary quote={step.quote} />
      <dl class="rows">
        <CopyRow label="To" value={step.address} />
        <CopyRow label="Reference" value={step.transaction_id} />
      </dl>
      <p class="aside-note">
        You can close this page: nothing is lost, and it goes on without you.
      </p>
    </div>
  );
}

function title(stage: ProcessingStep['stage']): string {
  switch (stage) {
    case 'authorising':
      return 'Confirming your payment';
    case 'sending':
      return 'Sending your crypto';
    case 'refunding':
      return 'Returning your money';
    case 'review':
      return 'Checking your payment';
    default:
      return assertNever(stage);
  }
}

function stages({ stage, quote }: ProcessingStep): readonly Stage[] {
  const send = `Sending ${quote.target_token}`;
  switch (stage) {
    case 'authorising':
      return [
        ['Payment', 'present'],
        [send, 'to come'],
        ['Delivered', 'to come'],
      ];
    case 'review':
      return [
        ['Payment under review', 'present'],
        [send, 'to come'],
        ['Delivered', 'to come'],
      ];
    case 'sending':
      return [
        ['Payment', 'past'],
        [send, 'present'],
        ['Delivered', 'to come'],
      ];
    case 'refunding':
      return [
        ['Payment', 'past'],
        ['Refund', 'present'],
        ['Money returned', 'to come'],
      ];
    default:
      return assertNever(stage);
  }
}
