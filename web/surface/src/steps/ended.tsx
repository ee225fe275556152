import type { EndedStep, Flow, Session } from '../api';
import { usePage } from '../context';
import { Button } from '../parts/button';
import { Heading } from '../parts/heading';
import { ClockIcon } from '../parts/icons';
import { NotTakenNotices } from '../parts/not-taken';

const NAMES: Record<Flow, string> = { on_ramp: 'Purchase', off_ramp: 'Sale', swap: 'Swap' };

export function EndedView({ session, step }: { session: Session; step: EndedStep }) {
  const { leave, brand_name } = usePage();
  const shop = brand_name ?? session.partner_name;
  const expired = step.status === 'expired';
  const name = step.flow === null ? 'Checkout' : NAMES[step.flow];
  return (
    <div class="step">
      <header class="step-head outcome">
        <span class="seal" aria-hidden="true">
          <ClockIcon size={26} />
        </span>
        <Heading>{expired ? 'This checkout has expired' : `${name} cancelled`}</Heading>
        <p class="lead">{step.message}</p>
      </header>
      <NotTakenNotices list={step.not_taken} shop={shop} />
      <Button onClick={() => leave('cancelled')}>Return to {shop}</Button>
    </div>
  );
}
