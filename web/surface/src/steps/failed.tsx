import type { FailedStep, Session } from '../api';
import { usePage } from '../context';
import { boundsOf } from '../parts/bounds';
import { Button } from '../parts/button';
import { CopyRow } from '../parts/copy-row';
import { Heading } from '../parts/heading';
import { AlertIcon } from '../parts/icons';
import { NotTakenNotices } from '../parts/not-taken';
import { Notice } from '../parts/notice';
import { ProblemNotice } from '../parts/problem';

export function FailedView({ session, step }: { session: Session; step: FailedStep }) {
  const { act, busy, leave, brand_name } = usePage();
  const { reason } = step;
  const shop = brand_name ?? session.partner_name;
  const bounds = boundsOf(reason);
  return (
    <div class="step">
      <header class="step-head outcome">
        <span class="seal seal-bad" aria-hidden="true">
          <AlertIcon size={26} />
        </span>
        <Heading>This did not go through</Heading>
        <p class="lead">{reason.message}</p>
      </header>
      {step.refunded && <Notice tone="info">What you gave has been returned in full.</Notice>}
      <NotTakenNotices list={step.not_taken} shop={shop} />
      {reason.next_step && (
        <section class="next">
          <h2>What you can do</h2>
          <p>{reason.next_step}</p>
        </section>
      )}
      {(bounds.length > 0 || step.transaction_id) && (
        <dl class="rows">
          {bounds.map(([label, value]) => (
            <div class="row" key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
          {step.transaction_id && <CopyRow label="Reference" value={step.transaction_id} />}
        </dl>
      )}
      <ProblemNotice actions={['retry']} />
      {step.can_retry && (
        <Button
          busy={busy === 'retry'}
          disabled={busy !== null}
          onClick={() => act('retry', (client) => client.retry())}
        >
          Try again
        </Button>
      )}
      <Button kind={step.can_retry ? 'plain' : 'primary'} onClick={() => leave('cancelled')}>
        Return to {shop}
      </Button>
    </div>
  );
}
