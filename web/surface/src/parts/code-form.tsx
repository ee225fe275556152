import { useRef, useState } from 'preact/hooks';
import type { Journey } from '../api';
import { onlyDigits } from '../card';
import type { Client } from '../client';
import { usePage } from '../context';
import { Button } from './button';
import { Field } from './field';
import { ProblemNotice } from './problem';

const DIGITS = 6;

/** Asks for the six digits that somebody was sent, and hands them in. */
export function CodeForm({ action, send, button }: CodeFormProps) {
  const { act, busy, problem } = usePage();
  const [code, setCode] = useState('');
  const [short, setShort] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const refused = problem?.action === action ? problem.error?.at('/code') : null;

  async function submit() {
    const complete = code.length === DIGITS;
    setShort(!complete);
    if (complete && (await act(action, (client) => send(client, code)))) return;
    form.current?.querySelector('input')?.focus();
  }

  return (
    <form
      class="form"
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (busy === null) void submit();
      }}
    >
      <Field
        id="code"
        label="6-digit code"
        error={short ? 'Enter all six digits.' : refused}
        input={{
          name: 'code',
          class: 'code',
          value: code,
          inputMode: 'numeric',
          autocomplete: 'one-time-code',
          onInput: (event) => {
            const digits = onlyDigits(event.currentTarget.value).slice(0, DIGITS);
            event.currentTarget.value = digits;
            setShort(false);
            setCode(digits);
          },
        }}
      />
      <ProblemNotice actions={[action]} fields={['/code']} />
      <Button type="submit" busy={busy === action} disabled={busy !== null}>
        {button}
      </Button>
    </form>
  );
}

interface CodeFormProps {
  action: 'challenge' | 'code';
  send: (client: Client, code: string) => Promise<Journey>;
  button: string;
}
