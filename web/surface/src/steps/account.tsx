import { useRef, useState } from 'preact/hooks';
import {
  accountOf,
  FIELDS,
  type FieldName,
  MISSING,
  pointerOf,
  type Typed,
  typedOf,
} from '../account-forms';
import type { AccountKind, AccountRequest, AccountStep } from '../api';
import { groupCardNumber } from '../card';
import { usePage } from '../context';
import { formatFiat } from '../money';
import { AccountFields } from '../parts/account-fields';
import { Back } from '../parts/back';
import { Button } from '../parts/button';
import { Countdown, useLapsed } from '../parts/countdown';
import { Heading } from '../parts/heading';
import { Lapsed } from '../parts/lapsed';
import { TO } from '../parts/paid-to';
import { ProblemNotice } from '../parts/problem';
import { Summary } from '../parts/summary';
import { TestValues } from '../parts/test-values';

/** The account lives in this component only, and goes with it. */
export function AccountView({ step }: { step: AccountStep }) {
  const { act, busy, problem, announce } = usePage();
  const asked = step.account_kind;
  // Whoever is asked for a sort code may give the IBAN that is made of it.
  const [kind, setKind] = useState<AccountKind>(asked);
  const [typed, setTyped] = useState<Typed>({});
  const [missing, setMissing] = useState<readonly FieldName[]>([]);
  const form = useRef<HTMLFormElement>(null);
  const lapsed = useLapsed(step.quote);
  const refusal = problem?.action === 'account' ? problem.error : null;
  const fields = FIELDS[kind];
  const errorOf = (name: FieldName) =>
    missing.includes(name) ? MISSING[name] : (refusal?.at(pointerOf(name)) ?? null);

  function change(part: Typed) {
    setTyped((before) => ({ ...before, ...part }));
    setMissing((before) => before.filter((name) => !(name in part)));
  }

  async function send() {
    const empty = fields.filter((name) => name !== 'account_type' && !typed[name]?.trim());
    setMissing(empty);
    if (
      empty.length === 0 &&
      (await act('account', (client) => client.account(accountOf(kind, typed))))
    ) {
      return;
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
        if (busy === null && !lapsed) void send();
      }}
    >
      <Back to="amount" />
      <header class="step-head">
        <Heading>Where should the money go?</Heading>
        <p class="lead">
          {formatFiat(step.quote.fiat_amount, step.quote.currency)} goes {TO[asked]}.
        </p>
      </header>

      <Summary quote={step.quote} />

      <TestValues
        lead={`Pick ${asked === 'card' ? 'a card' : 'an account'} to see how it goes:`}
        values={step.test_payouts}
        shown={(test) => shown(test.account)}
        onPick={(test) => {
          setKind(asked);
          setMissing([]);
          setTyped(filledIn(test.account));
          announce(`Test ${asked === 'card' ? 'card' : 'account'} filled in: ${test.label}.`);
        }}
      />

      <AccountFields kind={kind} typed={typed} errorOf={errorOf} onChange={change} />

      {asked === 'sort_code' && (
        <button
          type="button"
          class="link"
          onClick={() => {
            setMissing([]);
            setKind(kind === 'iban' ? 'sort_code' : 'iban');
          }}
        >
          {kind === 'iban' ? 'Use a sort code and account number' : 'Use an IBAN instead'}
        </button>
      )}

      <ProblemNotice
        actions={['account', 'back']}
        fields={[...FIELDS[asked], ...fields].map(pointerOf)}
      />
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

/** What tells one account of the simulator from another. */
function shown(account: AccountRequest): string {
  if ('iban' in account) return account.iban;
  if ('pix_key' in account) return account.pix_key;
  return 'card' in account ? account.card.number : account.account_number;
}

function filledIn(account: AccountRequest): Typed {
  const typed = typedOf(account);
  return typed.number ? { ...typed, number: groupCardNumber(typed.number) } : typed;
}
