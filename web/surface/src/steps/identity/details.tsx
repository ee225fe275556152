import type { SelectHTMLAttributes } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import type { IdentityDetails, IdentityStep } from '../../api';
import { usePage } from '../../context';
import { countries } from '../../countries';
import { Button } from '../../parts/button';
import { described, Field, FieldNotes } from '../../parts/field';
import { LockIcon } from '../../parts/icons';
import { ProblemNotice } from '../../parts/problem';
import { TestValues } from '../../parts/test-values';
import { Head } from './head';
import { Shortcut } from './shortcut';

const DOCUMENTS: [string, string][] = [
  ['passport', 'Passport'],
  ['id_card', 'Identity card'],
  ['driving_licence', 'Driving licence'],
];
const SOURCES: [string, string][] = [
  ['salary', 'Salary or pension'],
  ['savings', 'Savings'],
  ['business', 'My own business'],
  ['investments', 'Investments'],
  ['other', 'Something else'],
];

/** What the form holds: one text for each of its fields. */
const EMPTY = {
  given_name: '',
  family_name: '',
  birth_date: '',
  country: '',
  document_type: '',
  document_number: '',
  source_of_funds: '',
};
type Answers = typeof EMPTY;
type Name = keyof Answers;

/** Which fields an ask stands for, with what to say where one is empty. */
const FIELDS: Record<IdentityStep['asks'][number], [Name, string][]> = {
  name: [
    ['given_name', 'Enter your first name.'],
    ['family_name', 'Enter your last name.'],
  ],
  birth_date: [['birth_date', 'Enter the day you were born.']],
  country: [['country', 'Choose the country you live in.']],
  document: [
    ['document_type', 'Choose a document.'],
    ['document_number', 'Enter the number of your document.'],
  ],
  source_of_funds: [['source_of_funds', 'Choose where the money comes from.']],
};
const POINTERS: Partial<Record<Name, string>> = {
  document_type: '/document/type',
  document_number: '/document/number',
};
const pointer = (name: Name) => POINTERS[name] ?? `/${name}`;

/** The answers live in this component only, and go with it. */
export function DetailsView({ step }: { step: IdentityStep }) {
  const { act, busy, problem, announce } = usePage();
  const [answers, setAnswers] = useState(EMPTY);
  const [missing, setMissing] = useState<Partial<Answers>>({});
  const form = useRef<HTMLFormElement>(null);
  const asked = step.asks.flatMap((ask) => FIELDS[ask]);
  const asks = (name: Name) => asked.some(([field]) => field === name);
  const refusal = problem?.action === 'details' ? problem.error : null;
  const errorOf = (name: Name) => missing[name] ?? refusal?.at(pointer(name)) ?? null;

  function change(part: Partial<Answers>) {
    setAnswers((before) => ({ ...before, ...part }));
    setMissing({});
  }

  async function send() {
    const empty = asked.filter(([name]) => answers[name].trim() === '');
    setMissing(Object.fromEntries(empty));
    const details = detailsOf(answers, asks);
    if (empty.length === 0 && (await act('details', (c) => c.identityDetails(details)))) return;
    // The first field at fault, once it has been marked.
    requestAnimationFrame(() =>
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(),
    );
  }

  const text = (name: Name) => ({
    name,
    value: answers[name],
    spellcheck: false,
    onInput: (event: Event & { currentTarget: HTMLInputElement }) =>
      change({ [name]: event.currentTarget.value }),
  });
  const choice = (name: Name) => ({
    name,
    value: answers[name],
    error: errorOf(name),
    onPick: (value: string) => change({ [name]: value }),
  });

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
      <Head step={step} title="About you">
        As it stands in your documents. We need it once, and only this much.
      </Head>
      {asks('family_name') && (
        <TestValues
          lead="Pick a last name to see how the check ends:"
          values={step.test_people}
          shown={(person) => person.family_name}
          onPick={({ family_name, label }) => {
            change({ ...filledIn(), family_name });
            announce(`Test person filled in: ${label}.`);
          }}
        />
      )}
      {asks('given_name') && (
        <div class="pair">
          <Field
            id="given-name"
            label="First name"
            error={errorOf('given_name')}
            input={{ ...text('given_name'), autocomplete: 'given-name' }}
          />
          <Field
            id="family-name"
            label="Last name"
            error={errorOf('family_name')}
            input={{ ...text('family_name'), autocomplete: 'family-name' }}
          />
        </div>
      )}
      {asks('birth_date') && (
        <Field
          id="birth-date"
          label="Date of birth"
          error={errorOf('birth_date')}
          input={{ ...text('birth_date'), type: 'date', min: '1900-01-01', autocomplete: 'bday' }}
        />
      )}
      {asks('country') && <Countries {...choice('country')} />}
      {asks('document_type') && (
        <>
          <Select
            id="document-type"
            label="Document"
            options={DOCUMENTS}
            autocomplete="off"
            {...choice('document_type')}
          />
          <Field
            id="document-number"
            label="Document number"
            error={errorOf('document_number')}
            input={{
              ...text('document_number'),
              class: 'mono',
              autocomplete: 'off',
              autocapitalize: 'characters',
            }}
          />
        </>
      )}
      {asks('source_of_funds') && (
        <Select
          id="source-of-funds"
          label="Where does the money come from?"
          options={SOURCES}
          autocomplete="off"
          {...choice('source_of_funds')}
        />
      )}
      <ProblemNotice actions={['details']} fields={asked.map(([name]) => pointer(name))} />
      <div class="submit">
        <Button type="submit" busy={busy === 'details'} disabled={busy !== null}>
          Continue
        </Button>
        <p class="aside-note">
          <LockIcon /> Kept encrypted. The shop does not get to see it.
        </p>
      </div>
      <Shortcut step={step} />
    </form>
  );

  /** What a test person needs besides the last name: somebody whose limits nobody has used up. */
  function filledIn(): Partial<Answers> {
    const birth = new Date(Date.UTC(1950, 0, 1 + Math.floor(Math.random() * 18_000)));
    return {
      given_name: 'Robin',
      ...(asks('birth_date') && { birth_date: birth.toISOString().slice(0, 10) }),
      ...(asks('country') && { country: 'DE' }),
      ...(asks('document_type') && { document_type: 'passport', document_number: anyNumber() }),
      ...(asks('source_of_funds') && { source_of_funds: 'salary' }),
    };
  }
}

/** The number of a document that nobody else has shown: whoever shows the same one shares their limits. */
function anyNumber(): string {
  return `C${Math.floor(Math.random() * 1e8)}`;
}

function detailsOf(answers: Answers, asks: (name: Name) => boolean): IdentityDetails {
  const { document_type: type, document_number: number, ...plain } = answers;
  const given = Object.entries(plain).filter(([name]) => asks(name as Name));
  const trimmed = given.map(([name, answer]) => [name, answer.trim()]);
  const document = asks('document_type') ? { document: { type, number: number.trim() } } : {};
  return { ...Object.fromEntries(trimmed), ...document };
}

interface Choice {
  name: string;
  value: string;
  error: string | null;
  onPick: (value: string) => void;
}

function Countries(choice: Choice) {
  const options = useMemo(countries, []);
  const label = 'Country you live in';
  return <Select id="country" label={label} options={options} autocomplete="country" {...choice} />;
}

function Select({
  id,
  label,
  options,
  error,
  onPick,
  ...select
}: Choice & {
  id: string;
  label: string;
  options: [string, string][];
  autocomplete: NonNullable<SelectHTMLAttributes['autocomplete']>;
}) {
  return (
    <div class="field" data-invalid={Boolean(error)}>
      <label for={id}>{label}</label>
      <div class="control">
        <select
          {...select}
          {...described(id, error, null)}
          onChange={({ currentTarget }) => onPick(currentTarget.value)}
        >
          <option value="">Choose…</option>
          {options.map(([code, name]) => (
            <option key={code} value={code}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <FieldNotes id={id} error={error} />
    </div>
  );
}
