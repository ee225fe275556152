import { useEffect } from 'preact/hooks';
import type { ProcessingStep } from '../api';
import { usePage } from '../context';
import { assertNever } from '../never';
import { AccountRow } from '../parts/account-row';
import { CopyRow } from '../parts/copy-row';
import { Heading } from '../parts/heading';
import { CheckIcon } from '../parts/icons';
import { Notice } from '../parts/notice';
import { Summary } from '../parts/summary';
import { isSale, sent } from '../parts/trade';

type Mark = 'past' | 'present' | 'to come';
type Stage = readonly [title: string, mark: Mark];

export function ProcessingView({ step }: { step: ProcessingStep }) {
  const { announce } = usePage();
  useEffect(() => announce(step.message), [step.message, announce]);
  return (
    <div class="step">
      <header class="step-head">
        <Heading>{title(step)}</Heading>
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
        {step.account ? (
          <AccountRow account={step.account} />
        ) : (
          <CopyRow label="To" value={step.address} />
        )}
        {step.memo !== null && !step.account && <CopyRow label="With the memo" value={step.memo} />}
        <CopyRow label="Reference" value={step.transaction_id} />
      </dl>
      <p class="aside-note">
        You can close this page: nothing is lost, and it goes on without you.
      </p>
    </div>
  );
}

function title({ stage, quote }: ProcessingStep): string {
  const sale = isSale(quote);
  switch (stage) {
    case 'authorising':
      return 'Confirming your payment';
    case 'sending':
      return sale ? 'Paying you out' : 'Sending your crypto';
    case 'refunding':
      return sale || quote.paid_in ? 'Returning your crypto' : 'Returning your money';
    case 'review':
      return 'Checking your payment';
    default:
      return assertNever(stage);
  }
}

function stages({ stage, quote }: ProcessingStep): readonly Stage[] {
  const sale = isSale(quote);
  const sends = sale || quote.paid_in !== null;
  const payment = sends ? `${sent(quote).token} received` : 'Payment';
  const send = sale ? 'Paying out' : `Sending ${quote.target_token}`;
  const delivered = sale ? 'Paid out' : 'Delivered';
  switch (stage) {
    case 'authorising':
      return [
        [payment, 'present'],
        [send, 'to come'],
        [delivered, 'to come'],
      ];
    case 'review':
      return [
        ['Payment under review', 'present'],
        [send, 'to come'],
        [delivered, 'to come'],
      ];
    case 'sending':
      return [
        [payment, 'past'],
        [send, 'present'],
        [delivered, 'to come'],
      ];
    case 'refunding':
      return [
        [payment, 'past'],
        [sends ? 'Return' : 'Refund', 'present'],
        [sends ? 'Tokens returned' : 'Money returned', 'to come'],
      ];
    default:
      return assertNever(stage);
  }
}
