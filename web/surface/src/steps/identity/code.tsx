import { useState } from 'preact/hooks';
import type { IdentityStep } from '../../api';
import { LinkButton } from '../../parts/button';
import { CodeForm } from '../../parts/code-form';
import { EmailForm } from './email';
import { Head } from './head';
import { Shortcut } from './shortcut';

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
      {elsewhere ? (
        <EmailForm onSent={() => setElsewhere(false)} />
      ) : (
        <CodeForm
          action="code"
          send={(client, code) => client.identityCode(code)}
          button="Confirm"
        />
      )}
      <p class="aside-note">
        <LinkButton onClick={() => setElsewhere(!elsewhere)}>
          {elsewhere ? 'I have a code' : 'No code? Send another one'}
        </LinkButton>
      </p>
      <Shortcut step={step} />
    </div>
  );
}
