import { groupCardNumber, shapeExpiry } from '../card';
import { Field } from './field';
import { CardIcon } from './icons';
import { reshape, ShapedField } from './shaped-field';

interface CardFieldProps {
  value: string;
  error: string | null;
  onValue: (value: string) => void;
  hint?: string;
}

export function CardNumber({ value, error, hint, onValue }: CardFieldProps) {
  return (
    <ShapedField
      id="number"
      label="Card number"
      value={value}
      error={error}
      hint={hint}
      icon={<CardIcon />}
      shape={groupCardNumber}
      onValue={onValue}
      input={{ placeholder: '1234 1234 1234 1234', autocomplete: 'cc-number' }}
    />
  );
}

export function CardExpiry({ value, error, onValue }: CardFieldProps) {
  return (
    <Field
      id="expiry"
      label="Expiry"
      error={error}
      input={{
        name: 'expiry',
        value,
        placeholder: 'MM/YY',
        inputMode: 'numeric',
        autocomplete: 'cc-exp',
        onInput: (event) =>
          onValue(reshape(event.currentTarget, (text) => shapeExpiry(text, value))),
      }}
    />
  );
}
