import type { WalletStep } from '../api';
import { Field } from './field';
import { capital } from './trade';

/** What tells accounts behind one address apart. Leaving it out is said, and not forgotten. */
export function Memo({
  name,
  format,
  value,
  without,
  error,
  onValue,
  onWithout,
}: {
  name: string;
  format: WalletStep['address_format'];
  value: string;
  without: boolean;
  error: string | null;
  onValue: (value: string) => void;
  onWithout: (without: boolean) => void;
}) {
  return (
    <>
      <Field
        id="memo"
        label={capital(name)}
        error={error}
        hint={`Exchanges show a ${name} beside the address. Without it they cannot tell that the tokens are yours.`}
        input={{
          name: 'memo',
          class: 'mono',
          value,
          disabled: without,
          inputMode: format === 'xrp' ? 'numeric' : 'text',
          autocomplete: 'off',
          autocapitalize: 'none',
          spellcheck: false,
          onInput: (event) => onValue(event.currentTarget.value),
        }}
      />
      <label class="check">
        <input
          type="checkbox"
          name="without_memo"
          checked={without}
          onChange={(event) => {
            onWithout(event.currentTarget.checked);
            if (event.currentTarget.checked) onValue('');
          }}
        />
        This address needs no {name}: it is a wallet of my own.
      </label>
    </>
  );
}
