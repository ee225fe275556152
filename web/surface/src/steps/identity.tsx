import type { IdentityStep } from '../api';
import { usePage } from '../context';
import { Button } from '../parts/button';
import { Heading } from '../parts/heading';
import { PersonIcon } from '../parts/icons';
import { Notice } from '../parts/notice';
import { ProblemNotice } from '../parts/problem';

const NEEDED: Record<IdentityStep['level'], string> = {
  basic: 'A passport, an identity card or a driving licence.',
  enhanced: 'An identity document, and where the money comes from.',
};

export function IdentityView({ step }: { step: IdentityStep }) {
  const { act, busy } = usePage();
  const { reason, test_outcomes } = step;
  return (
    <div class="step">
      <header class="step-head outcome">
        <span class="seal" aria-hidden="true">
          <PersonIcon size={26} />
        </span>
        <Heading>Confirm who you are</Heading>
        {!step.rejected && <p class="lead">{reason.message}</p>}
      </header>
      {step.rejected && (
        <Notice tone="warning">
          {reason.message} {reason.next_step}
        </Notice>
      )}
      <section class="next">
        <h2>What is needed</h2>
        <p>{NEEDED[step.level]} Your purchase then goes on where it was.</p>
      </section>
      <ProblemNotice actions={['identity']} />
      {test_outcomes.length > 0 && (
        <Notice tone="info">
          This is test mode: nothing about you is asked or sent. Choose how the check ends.
        </Notice>
      )}
      {test_outcomes.map(({ outcome, label }) => (
        <Button
          key={outcome}
          kind={outcome === 'approved' ? 'primary' : 'plain'}
          busy={busy === 'identity'}
          disabled={busy !== null}
          onClick={() => act('identity', (client) => client.identity(outcome))}
        >
          {label}
        </Button>
      ))}
    </div>
  );
}
