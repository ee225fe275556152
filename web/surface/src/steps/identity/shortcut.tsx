import type { IdentityStep } from '../../api';
import { usePage } from '../../context';
import { Button } from '../../parts/button';
import { Notice } from '../../parts/notice';
import { ProblemNotice } from '../../parts/problem';

/** In the sandbox nobody has to type anything. */
export function Shortcut({ step }: { step: IdentityStep }) {
  const { act, busy } = usePage();
  if (step.test_outcomes.length === 0) return null;
  return (
    <section class="shortcut">
      <Notice tone="info">
        {step.stage === 'code'
          ? 'This is test mode: no mail is sent. The code is in the mailbox of the sandbox; or choose how the check ends.'
          : 'This is test mode: nobody is checked. Go through it with made-up answers, or choose how it ends.'}
      </Notice>
      <ProblemNotice actions={['identity']} />
      <div class="shortcut-buttons">
        {step.test_outcomes.map(({ outcome, label }) => (
          <Button
            key={outcome}
            kind="plain"
            busy={busy === 'identity'}
            disabled={busy !== null}
            onClick={() => act('identity', (client) => client.identity(outcome))}
          >
            {label}
          </Button>
        ))}
      </div>
    </section>
  );
}
