import type { Reason, Session, UnavailableStep } from '../api';
import { usePage } from '../context';
import { boundsOf } from '../parts/bounds';
import { Button } from '../parts/button';
import { Heading } from '../parts/heading';
import { ClockIcon } from '../parts/icons';

/** What the buyer came for is not on offer now. When it is again, the server shows the next step. */
export function UnavailableView({ session, step }: { session: Session; step: UnavailableStep }) {
  const { leave, brand_name } = usePage();
  const { reason } = step;
  const bounds = boundsOf(reason).filter(([label]) => label !== 'Limit');
  return (
    <div class="step">
      <header class="step-head outcome">
        <span class="seal" aria-hidden="true">
          <ClockIcon size={26} />
        </span>
        <Heading>{title(reason)}</Heading>
        <p class="lead">{reason.message} Nothing has been charged.</p>
      </header>
      {reason.next_step && (
        <section class="next">
          <h2>What you can do</h2>
          <p>{reason.next_step}</p>
        </section>
      )}
      {bounds.length > 0 && (
        <dl class="rows">
          {bounds.map(([label, value]) => (
            <div class="row" key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      <Button onClick={() => leave('cancelled')}>
        Return to {brand_name ?? session.partner_name}
      </Button>
    </div>
  );
}

function title(reason: Reason): string {
  if (reason.code === 'limit_reached') return 'More than your limit';
  return reason.retryable ? 'Not available at the moment' : 'Not available here';
}
