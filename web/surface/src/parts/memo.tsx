import type { WalletStep } from '../api';
import { Field } from './field';
import { capital } from './trade';
import { couldBeText } from './typed-address';

/** What tells accounts behind one address apart. Leaving it out is said, and not forgotten. */
export function Memo({
  name,
  format,
  value,
  without,
  isText,
  error,
  onValue,
  onWithout,
  onIsText,
}: {
  name: string;
  format: WalletStep['address_format'];
  value: string;
  without: boolean;
  isText: boolean;
  error: string | null;
  onValue: (value: string) => void;
  onWithout: (without: boolean) => void;
  onIsText: (isText: boolean) => void;
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
      {couldBeText(format, value) && (
        <label class="check">
          <input
            type="checkbox"
            name="memo_is_text"
            checked={isText}
            onChange={(event) => onIsText(event.currentTarget.checked)}
          />
          My exchange calls it a text memo (MEMO_TEXT), not a number or an ID.
        </label>
      )}
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
