import type { ComponentChildren, InputHTMLAttributes } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { caretAfter, onlyDigits } from '../card';
import { Field } from './field';

/** A field whose digits are grouped while they are typed. */
export function ShapedField({
  id,
  label,
  value,
  error,
  hint,
  icon,
  shape,
  onValue,
  input,
}: {
  id: string;
  label: string;
  value: string;
  error: string | null | undefined;
  hint?: ComponentChildren;
  icon?: ComponentChildren;
  shape: (text: string) => string;
  onValue: (value: string) => void;
  input: InputHTMLAttributes<HTMLInputElement>;
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
      id={id}
      label={label}
      error={error}
      hint={hint}
      icon={icon}
      input={{
        ...input,
        name: id,
        value,
        inputMode: 'numeric',
        onInput: (event) => {
          const typed = event.currentTarget;
          const before = typed.value.slice(0, typed.selectionStart ?? typed.value.length);
          const shaped = reshape(typed, shape);
          caret.current = { input: typed, at: caretAfter(shaped, onlyDigits(before).length) };
          onValue(shaped);
        },
      }}
    />
  );
}

/** Writes the shaped text at once: when shaping gives the old value, no redraw would undo the key. */
export function reshape(input: HTMLInputElement, shape: (text: string) => string): string {
  const shaped = shape(input.value);
  if (input.value !== shaped) input.value = shaped;
  return shaped;
}
