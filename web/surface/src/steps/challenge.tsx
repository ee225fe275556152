import type { ChallengeStep } from '../api';
import { formatFiat } from '../money';
import { CodeForm } from '../parts/code-form';
import { Heading } from '../parts/heading';
import { LockIcon } from '../parts/icons';
import { Notice } from '../parts/notice';

export function ChallengeView({ step }: { step: ChallengeStep }) {
  return (
    <div class="step">
      <div class="bank">
        <p class="bank-head">
          <LockIcon /> Your bank
        </p>
        <div class="bank-body">
          <header class="step-head">
            <Heading>Confirm it’s you</Heading>
            <p class="lead">Your bank wants to be sure. Enter the code that it sent you.</p>
          </header>
          <dl class="lines">
            <div>
              <dt>Amount</dt>
              <dd>{formatFiat(step.quote.fiat_amount, step.quote.currency)}</dd>
            </div>
            <div>
              <dt>Card</dt>
              <dd>
                <span aria-hidden="true">•••• </span>
                <span class="sr-only">ending in </span>
                {step.card_last4}
              </dd>
            </div>
          </dl>
          <CodeForm
            action="challenge"
            send={(client, code) => client.challenge(code)}
            button="Confirm payment"
          />
        </div>
      </div>
      {step.hint && <Notice tone="info">{step.hint}</Notice>}
    </div>
  );
}
