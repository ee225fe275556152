import { useRef, useState } from 'preact/hooks';
import type { ChallengeStep } from '../api';
import { onlyDigits } from '../card';
import { usePage } from '../context';
import { formatFiat } from '../money';
import { Button } from '../parts/button';
import { Field } from '../parts/field';
import { Heading } from '../parts/heading';
import { LockIcon } from '../parts/icons';
import { Notice } from '../parts/notice';
import { ProblemNotice } from '../parts/problem';

const CODE_DIGITS = 6;

export function ChallengeView({ step }: { step: ChallengeStep }) {
  const { act, busy, problem } = usePage();
  const [code, setCode] = useState('');
  const [short, setShort] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const refused = problem?.action === 'challenge' ? problem.error?.at('/code') : null;

  async function send() {
    const complete = code.length === CODE_DIGITS;
    setShort(!complete);
    if (complete && (await act('challenge', (client) => client.challenge(code)))) return;
    form.current?.querySelector('input')?.focus();
  }

  return (
    <form
      class="step"
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (busy === null) void send();
      }}
    >
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
          <Field
            id="code"
            label="6-digit code"
            error={short ? 'Enter all six digits.' : refused}
            input={{
              name: 'code',
              class: 'code',
              value: code,
              inputMode: 'numeric',
              autocomplete: 'one-time-code',
              onInput: (event) => {
                const digits = onlyDigits(event.currentTarget.value).slice(0, CODE_DIGITS);
                event.currentTarget.value = digits;
                setShort(false);
                setCode(digits);
              },
            }}
          />
          <ProblemNotice actions={['challenge']} fields={['/code']} />
          <Button type="submit" busy={busy === 'challenge'} disabled={busy !== null}>
            Confirm payment
          </Button>
        </div>
      </div>
      {step.hint && <Notice tone="info">{step.hint}</Notice>}
    </form>
  );
}
