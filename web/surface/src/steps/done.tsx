import type { DoneStep, Session } from '../api';
import { usePage } from '../context';
import { AccountRow } from '../parts/account-row';
import { Button } from '../parts/button';
import { CopyRow } from '../parts/copy-row';
import { Heading } from '../parts/heading';
import { CheckIcon, OutIcon } from '../parts/icons';
import { NotTakenNotices } from '../parts/not-taken';
import { given, gotten } from '../parts/trade';

export function DoneView({ session, step }: { session: Session; step: DoneStep }) {
  const { leave, brand_name } = usePage();
  const { quote } = step;
  const shop = brand_name ?? session.partner_name;
  return (
    <div class="step">
      <header class="step-head outcome">
        <span class="seal seal-good" aria-hidden="true">
          <CheckIcon size={28} />
        </span>
        <Heading>
          {gotten(quote)} {step.account ? 'paid out' : 'delivered'}
        </Heading>
        <p class="lead">
          {step.account
            ? `You sold ${given(quote)}.`
            : `You ${quote.paid_in ? 'sent' : 'paid'} ${given(quote)}, fees included.`}
        </p>
      </header>
      <NotTakenNotices list={step.not_taken} shop={shop} />
      <dl class="rows">
        {step.account ? (
          <AccountRow account={step.account} />
        ) : (
          <CopyRow label="To" value={step.address} />
        )}
        {step.memo !== null && !step.account && <CopyRow label="With the memo" value={step.memo} />}
        <CopyRow label="Reference" value={step.transaction_id} />
        <CopyRow
          label={step.account ? 'Payout' : 'Transaction hash'}
          value={step.chain_transaction}
        />
      </dl>
      {step.explorer_url?.startsWith('https://') && (
        <a class="link" href={step.explorer_url} target="_blank" rel="noopener noreferrer">
          See it on the blockchain <OutIcon />
        </a>
      )}
      <Button onClick={() => leave('done')}>Return to {shop}</Button>
    </div>
  );
}
