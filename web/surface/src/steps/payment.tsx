import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Card, PaymentStep } from '../api';
import { caretAfter, groupCardNumber, missingInCard, onlyDigits, shapeExpiry } from '../card';
import { usePage } from '../context';
import { formatFiat } from '../money';
import { Back } from '../parts/back';
import { Button } from '../parts/button';
import { shorten } from '../parts/copy-row';
import { Countdown, useLapsed } from '../parts/countdown';
import { Field } from '../parts/field';
import { Heading } from '../parts/heading';
import { CardIcon, LockIcon } from '../parts/icons';
import { Lapsed } from '../parts/lapsed';
import { ProblemNotice } from '../parts/problem';
import { Summary } from '../parts/summary';
import { TestValues } from '../parts/test-values';

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
          {step.memo !== null && (
            <>
              {' '}
              with the memo <span class="mono">{step.memo}</span>
            </>
          )}{' '}
          on {step.network_name}.
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
          <Field
            id="expiry"
            label="Expiry"
            error={errorOf('expiry')}
            input={{
              name: 'expiry',
              value: card.expiry,
              placeholder: 'MM/YY',
              inputMode: 'numeric',
              autocomplete: 'cc-exp',
              onInput: (event) =>
                change({
                  expiry: reshape(event.currentTarget, (text) => shapeExpiry(text, card.expiry)),
                }),
            }}
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

function CardNumber({
  value,
  error,
  onValue,
}: {
  value: string;
  error: string | null;
  onValue: (value: string) => void;
}) {
  const caret = useRef<{ input: HTMLInputElement; at: number } | null>(null);
  // Grouping moves the text under the caret, so the caret is put back behind the same digit.
  useLayoutEffect(() => {
    if (caret.current && document.activeElement === caret.current.input) {
      caret.current.input.setSelectionRange(caret.current.at, caret.current.at);
    }
    caret.current = null;
  });
  return (
    <Field
      id="number"
      label="Card number"
      error={error}
      icon={<CardIcon />}
      input={{
        name: 'number',
        value,
        placeholder: '1234 1234 1234 1234',
        inputMode: 'numeric',
        autocomplete: 'cc-number',
        onInput: (event) => {
          const input = event.currentTarget;
          const before = input.value.slice(0, input.selectionStart ?? input.value.length);
          const shaped = reshape(input, groupCardNumber);
          caret.current = { input, at: caretAfter(shaped, onlyDigits(before).length) };
          onValue(shaped);
        },
      }}
    />
  );
}

/** Writes the shaped text at once: when shaping gives the old value, no redraw would undo the key. */
function reshape(input: HTMLInputElement, shape: (text: string) => string): string {
  const shaped = shape(input.value);
  if (input.value !== shaped) input.value = shaped;
  return shaped;
}
