import { useEffect } from 'preact/hooks';
import type { IdentityStep } from '../../api';
import { usePage } from '../../context';
import { Heading } from '../../parts/heading';
import { Notice } from '../../parts/notice';

const CHECKING = 'We are checking who you are. This usually takes a moment.';

export function CheckingView({ step }: { step: IdentityStep }) {
  const { announce } = usePage();
  useEffect(() => announce(CHECKING), [announce]);
  return (
    <div class="step">
      <header class="step-head outcome">
        <span class="seal" aria-hidden="true">
          <span class="spinner" />
        </span>
        <Heading>Checking</Heading>
        <p class="lead">{CHECKING}</p>
      </header>
      {step.problem && <Notice tone="info">{step.problem}</Notice>}
      <p class="aside-note">
        You can close this page: nothing is charged, and you can go on where you were.
      </p>
    </div>
  );
}
