import type { FieldName, Typed } from '../account-forms';
import type { AccountKind } from '../api';
import { groupSortCode } from '../card';
import { CardExpiry, CardNumber } from './card-fields';
import { Field } from './field';
import { ShapedField } from './shaped-field';

interface AccountFieldsProps {
  kind: AccountKind;
  typed: Typed;
  errorOf: (name: FieldName) => string | null;
  onChange: (part: Typed) => void;
}

const OWN = 'It must be an account of your own. We keep its last four characters only.';

/** The fields that a kind of account is made of. */
export function AccountFields(props: AccountFieldsProps) {
  switch (props.kind) {
    case 'sort_code':
      return <UkFields {...props} />;
    case 'aba':
      return <UsFields {...props} />;
    case 'pix':
      return <PixField {...props} />;
    case 'card':
      return <CardFields {...props} />;
    default:
      return <IbanField {...props} />;
  }
}

function IbanField({ typed, errorOf, onChange }: AccountFieldsProps) {
  return (
    <Field
      id="iban"
      label="IBAN"
      error={errorOf('iban')}
      hint={OWN}
      input={{
        name: 'iban',
        class: 'mono',
        value: typed.iban ?? '',
        placeholder: 'DE00 0000 0000 0000 0000 00',
        autocomplete: 'off',
        autocapitalize: 'characters',
        spellcheck: false,
        onInput: (event) => onChange({ iban: event.currentTarget.value }),
      }}
    />
  );
}

function UkFields({ typed, errorOf, onChange }: AccountFieldsProps) {
  return (
    <fieldset class="card-form">
      <legend class="sr-only">Bank account</legend>
      <ShapedField
        id="sort_code"
        label="Sort code"
        value={typed.sort_code ?? ''}
        error={errorOf('sort_code')}
        hint="6 digits"
        shape={groupSortCode}
        onValue={(sort_code) => onChange({ sort_code })}
        input={{ class: 'mono', placeholder: '00-00-00', autocomplete: 'off' }}
      />
      <AccountNumber
        typed={typed}
        errorOf={errorOf}
        onChange={onChange}
        placeholder="00000000"
        hint={`8 digits, at some banks 6 or 7. ${OWN}`}
      />
    </fieldset>
  );
}

function UsFields({ typed, errorOf, onChange }: AccountFieldsProps) {
  return (
    <fieldset class="card-form">
      <legend class="sr-only">Bank account</legend>
      <Field
        id="routing_number"
        label="Routing number"
        error={errorOf('routing_number')}
        hint="9 digits, at the bottom left of a check"
        input={{
          name: 'routing_number',
          class: 'mono',
          value: typed.routing_number ?? '',
          placeholder: '000000000',
          inputMode: 'numeric',
          autocomplete: 'off',
          onInput: (event) => onChange({ routing_number: event.currentTarget.value }),
        }}
      />
      <AccountNumber
        typed={typed}
        errorOf={errorOf}
        onChange={onChange}
        placeholder="000000000000"
        hint={`4 to 17 digits. ${OWN}`}
      />
      <fieldset class="flows">
        <legend class="sr-only">Kind of account</legend>
        {(['checking', 'savings'] as const).map((account_type) => (
          <label key={account_type}>
            <input
              type="radio"
              name="account_type"
              checked={(typed.account_type ?? 'checking') === account_type}
              onChange={() => onChange({ account_type })}
            />
            <span>{account_type === 'checking' ? 'Checking' : 'Savings'}</span>
          </label>
        ))}
      </fieldset>
    </fieldset>
  );
}

function AccountNumber({
  typed,
  errorOf,
  onChange,
  placeholder,
  hint,
}: Omit<AccountFieldsProps, 'kind'> & { placeholder: string; hint: string }) {
  return (
    <Field
      id="account_number"
      label="Account number"
      error={errorOf('account_number')}
      hint={hint}
      input={{
        name: 'account_number',
        class: 'mono',
        value: typed.account_number ?? '',
        placeholder,
        inputMode: 'numeric',
        autocomplete: 'off',
        onInput: (event) => onChange({ account_number: event.currentTarget.value }),
      }}
    />
  );
}

function PixField({ typed, errorOf, onChange }: AccountFieldsProps) {
  return (
    <Field
      id="pix_key"
      label="Pix key"
      error={errorOf('pix_key')}
      hint="A CPF, a CNPJ, a phone number with +55, an e-mail address or a random key. It must be your own; we keep four of its characters only."
      input={{
        name: 'pix_key',
        class: 'mono',
        value: typed.pix_key ?? '',
        placeholder: '000.000.000-00',
        autocomplete: 'off',
        autocapitalize: 'none',
        spellcheck: false,
        onInput: (event) => onChange({ pix_key: event.currentTarget.value }),
      }}
    />
  );
}

function CardFields({ typed, errorOf, onChange }: AccountFieldsProps) {
  return (
    <fieldset class="card-form">
      <legend class="sr-only">Card details</legend>
      <CardNumber
        value={typed.number ?? ''}
        error={errorOf('number')}
        hint="It must be a card of your own. We keep its last four digits only."
        onValue={(number) => onChange({ number })}
      />
      <CardExpiry
        value={typed.expiry ?? ''}
        error={errorOf('expiry')}
        onValue={(expiry) => onChange({ expiry })}
      />
    </fieldset>
  );
}
