import type { ComponentChildren } from 'preact';
import type { IdentityStep } from '../../api';
import { Heading } from '../../parts/heading';
import { PersonIcon } from '../../parts/icons';
import { Notice } from '../../parts/notice';

/** What is asked, and why it is asked again if it is. */
export function Head({
  step,
  title,
  children,
}: {
  step: IdentityStep;
  title: string;
  children: ComponentChildren;
}) {
  return (
    <>
      <header class="step-head outcome">
        <span class="seal" aria-hidden="true">
          <PersonIcon size={26} />
        </span>
        <Heading>{title}</Heading>
        <p class="lead">{children}</p>
      </header>
      {step.rejected && (
        <Notice tone="warning">
          {step.reason.message} {step.reason.next_step}
        </Notice>
      )}
      {step.problem && <Notice tone="warning">{step.problem}</Notice>}
    </>
  );
}
