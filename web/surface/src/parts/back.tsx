import { usePage } from '../context';
import { LinkButton } from './button';
import { BackIcon } from './icons';

export function Back({ to }: { to: 'amount' | 'wallet' | 'account' | 'refund_address' }) {
  const { act, busy } = usePage();
  return (
    <div class="back">
      <LinkButton disabled={busy !== null} onClick={() => act('back', (client) => client.back(to))}>
        <BackIcon /> Back
      </LinkButton>
    </div>
  );
}
