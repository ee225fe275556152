import { useRef, useState } from 'preact/hooks';
import type { IdentityStep } from '../../api';
import { usePage } from '../../context';
import { Button } from '../../parts/button';
import { Field } from '../../parts/field';
import { ProblemNotice } from '../../parts/problem';
import { Head } from './head';
import { Shortcut } from './shortcut';

export function EmailView({ step }: { step: IdentityStep }) {
  return (
    <div class="step">
      <Head step={step} title="Confirm who you are">
        {step.rejected ? 'You can try again.' : step.reason.message} Whoever has done this before
        only needs the code.
      </Head>
      <EmailForm />
      <Shortcut step={step} />
    </div>
  );
}

/** Asks for the address that a code goes to. */
export function EmailForm({ onSent }: { onSent?: () => void }) {
  const { act, busy, problem, announce } = usePage();
  const [email, setEmail] = useState('');
  const [missing, setMissing] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const refused = problem?.action === 'email' ? problem.error?.at('/email') : null;

  async function send() {
    const typed = email.trim();
    setMissing(typed === '');
    if (typed !== '' && (await act('email', (client) => client.identityEmail(typed)))) {
      announce('We have sent you a code.');
      onSent?.();
      return;
    }
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
        id="email"
        label="E-mail address"
        error={missing ? 'Enter your e-mail address.' : refused}
        hint="We send you a code of six digits. The shop does not get to know your address from us."
        input={{
          name: 'email',
          type: 'email',
          value: email,
          placeholder: 'you@example.com',
          autocomplete: 'email',
          autocapitalize: 'none',
          spellcheck: false,
          onInput: (event) => {
            setMissing(false);
            setEmail(event.currentTarget.value);
          },
        }}
      />
      <ProblemNotice actions={['email']} fields={['/email']} />
      <Button type="submit" busy={busy === 'email'} disabled={busy !== null}>
        Send me a code
      </Button>
    </form>
  );
}
