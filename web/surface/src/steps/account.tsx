import { useRef, useState } from 'preact/hooks';
import type { AccountStep } from '../api';
import { usePage } from '../context';
import { formatFiat } from '../money';
import { Back } from '../parts/back';
import { Button } from '../parts/button';
import { Countdown, useLapsed } from '../parts/countdown';
import { Field } from '../parts/field';
import { Heading } from '../parts/heading';
import { Lapsed } from '../parts/lapsed';
import { ProblemNotice } from '../parts/problem';
import { Summary } from '../parts/summary';
import { TestValues } from '../parts/test-values';

/** The IBAN lives in this component only, and goes with it. */
export function AccountView({ step }: { step: AccountStep }) {
  const { act, busy, problem, announce } = usePage();
  const [iban, setIban] = useState('');
  const [missing, setMissing] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const lapsed = useLapsed(step.quote);
  const refusal = problem?.action === 'account' ? problem.error : null;
  const error = missing ? 'Enter the IBAN of your account.' : (refusal?.at('/iban') ?? null);

  async function send() {
    const typed = iban.trim();
    setMissing(typed === '');
    const moved = typed !== '' && (await act('account', (client) => client.account(typed)));
    if (!moved) form.current?.querySelector<HTMLElement>('#iban')?.focus();
  }

  return (
    <form
      class="step"
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (busy === null && !lapsed) void send();
      }}
    >
      <Back to="amount" />
      <header class="step-head">
        <Heading>Where should the money go?</Heading>
        <p class="lead">
          {formatFiat(step.quote.fiat_amount, step.quote.currency)} goes to your bank account.
        </p>
      </header>

      <Summary quote={step.quote} />

      <TestValues
        lead="Pick an account to see how it goes:"
        values={step.test_accounts}
        shown={(account) => account.iban}
        onPick={(account) => {
          setMissing(false);
          setIban(account.iban);
          announce(`Test account filled in: ${account.label}.`);
        }}
      />

      <Field
        id="iban"
        label="IBAN"
        error={error}
        hint="It must be an account of your own. We keep its last four characters only."
        input={{
          name: 'iban',
          class: 'mono',
          value: iban,
          placeholder: 'DE00 0000 0000 0000 0000 00',
          autocomplete: 'off',
          autocapitalize: 'characters',
          spellcheck: false,
          onInput: (event) => {
            setMissing(false);
            setIban(event.currentTarget.value);
          },
        }}
      />

      <ProblemNotice actions={['account', 'back']} fields={['/iban']} />
      {lapsed ? (
        <Lapsed />
      ) : (
        <div class="submit">
          <Button type="submit" busy={busy === 'account'} disabled={busy !== null}>
            Continue
          </Button>
          <Countdown quote={step.quote} />
        </div>
      )}
    </form>
  );
}
