import { useRef, useState } from 'preact/hooks';
import type { Card, PaymentStep } from '../api';
import { groupCardNumber, missingInCard, onlyDigits } from '../card';
import { usePage } from '../context';
import { formatFiat } from '../money';
import { Back } from '../parts/back';
import { Button } from '../parts/button';
import { CardExpiry, CardNumber } from '../parts/card-fields';
import { Countdown, useLapsed } from '../parts/countdown';
import { Field } from '../parts/field';
import { Heading } from '../parts/heading';
import { LockIcon } from '../parts/icons';
import { Lapsed } from '../parts/lapsed';
import { ProblemNotice } from '../parts/problem';
import { reshape } from '../parts/shaped-field';
import { shorten } from '../parts/shorten';
import { Summary } from '../parts/summary';
import { TestValues } from '../parts/test-values';
import { WithMemo } from '../parts/with-memo';

const EMPTY: Card = { number: '', expiry: '', cvc: '' };
/** Any date to come will do in the simulator. */
const TEST_FILL = { expiry: '12/34', cvc: '123' };
const FIELDS = ['number', 'expiry', 'cvc'] as const;

/** The card lives in this component only, and goes with it. */
export function PaymentView({ step }: { step: PaymentStep }) {
  const { act, busy, problem, announce } = usePage();
  const [card, setCard] = useState<Card>(EMPTY);
  const [missing, setMissing] = useState<Partial<Card>>({});
  const form = useRef<HTMLFormElement>(null);
  const lapsed = useLapsed(step.quote);
  const { quote } = step;

  const refusal = problem?.action === 'pay' ? problem.error : null;
  const errorOf = (field: (typeof FIELDS)[number]) =>
    missing[field] ?? refusal?.at(`/card/${field}`) ?? null;

  function change(part: Partial<Card>) {
    setCard((before) => ({ ...before, ...part }));
    setMissing((before) => {
      const kept = { ...before };
      for (const field of Object.keys(part) as (keyof Card)[]) delete kept[field];
      return kept;
    });
  }

  async function pay() {
    const found = missingInCard(card);
    setMissing(found);
    if (Object.keys(found).length === 0) {
      const sent = { ...card, number: onlyDigits(card.number) };
      if (await act('pay', (client) => client.pay(quote.id, sent))) return;
    }
    // The first field at fault, once it has been marked.
    requestAnimationFrame(() =>
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(),
    );
  }

  return (
    <form
      class="step"
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (busy === null && !lapsed) void pay();
      }}
    >
      <Back to="wallet" />
      <header class="step-head">
        <Heading>Pay by card</Heading>
        <p class="lead">
          {quote.target_token} goes to <span class="mono">{shorten(step.address)}</span>
          <WithMemo memo={step.memo} isText={step.memo_is_text} /> on {step.network_name}.
        </p>
      </header>

      <Summary quote={quote} open />

      <TestValues
        lead="Pick a card to see how it goes:"
        values={step.test_cards}
        shown={(test) => test.number}
        onPick={(test) => {
          change({ number: groupCardNumber(test.number), ...TEST_FILL });
          announce(`Test card filled in: ${test.label}.`);
        }}
      />

      <fieldset class="card-form">
        <legend class="sr-only">Card details</legend>
        <CardNumber
          value={card.number}
          error={errorOf('number')}
          onValue={(number) => change({ number })}
        />
        <div class="pair">
          <CardExpiry
            value={card.expiry}
            error={errorOf('expiry')}
            onValue={(expiry) => change({ expiry })}
          />
          <Field
            id="cvc"
            label="Security code"
            error={errorOf('cvc')}
            input={{
              name: 'cvc',
              value: card.cvc,
              placeholder: 'CVC',
              inputMode: 'numeric',
              autocomplete: 'cc-csc',
              onInput: (event) =>
                change({
                  cvc: reshape(event.currentTarget, (text) => onlyDigits(text).slice(0, 4)),
                }),
            }}
          />
        </div>
      </fieldset>

      <ProblemNotice actions={['pay', 'back']} fields={FIELDS.map((field) => `/card/${field}`)} />
      {lapsed && busy !== 'pay' ? (
        <Lapsed />
      ) : (
        <div class="submit">
          <Button type="submit" busy={busy === 'pay'} disabled={busy !== null}>
            <LockIcon /> Pay {formatFiat(quote.fiat_amount, quote.currency)}
          </Button>
          <Countdown quote={quote} />
        </div>
      )}
    </form>
  );
}
