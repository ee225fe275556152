import { useRef, useState } from 'preact/hooks';
import type { IdentityStep } from '../../api';
import { onlyDigits } from '../../card';
import { usePage } from '../../context';
import { Button, LinkButton } from '../../parts/button';
import { Field } from '../../parts/field';
import { ProblemNotice } from '../../parts/problem';
import { EmailForm } from './email';
import { Head } from './head';
import { Shortcut } from './shortcut';

const CODE_DIGITS = 6;

export function CodeView({ step }: { step: IdentityStep }) {
  const [elsewhere, setElsewhere] = useState(false);
  return (
    <div class="step">
      <Head step={step} title={elsewhere ? 'Send a new code' : 'Enter your code'}>
        {elsewhere ? (
          'To the same address, or to another one.'
        ) : (
          <>
            It went to <strong>{step.email}</strong> and is good for ten minutes.
          </>
        )}
      </Head>
      {elsewhere ? <EmailForm onSent={() => setElsewhere(false)} /> : <CodeForm />}
      <p class="aside-note">
        <LinkButton onClick={() => setElsewhere(!elsewhere)}>
          {elsewhere ? 'I have a code' : 'No code? Send another one'}
        </LinkButton>
      </p>
      <Shortcut step={step} />
    </div>
  );
}

function CodeForm() {
  const { act, busy, problem } = usePage();
  const [code, setCode] = useState('');
  const [short, setShort] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const refused = problem?.action === 'code' ? problem.error?.at('/code') : null;

  async function send() {
    const complete = code.length === CODE_DIGITS;
    setShort(!complete);
    if (complete && (await act('code', (client) => client.identityCode(code)))) return;
    form.current?.querySelector('input')?.focus();
  }

  return (
    <form
      class="form"
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (busy === null) void send();
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
            const digits = onlyDigits(event.currentTarget.value).slice(0, CODE_DIGITS);
            event.currentTarget.value = digits;
            setShort(false);
            setCode(digits);
          },
        }}
      />
      <ProblemNotice actions={['code']} fields={['/code']} />
      <Button type="submit" busy={busy === 'code'} disabled={busy !== null}>
        Confirm
      </Button>
    </form>
  );
}
