import type { DoneStep, Session } from '../api';
import { usePage } from '../context';
import { formatCrypto, formatFiat } from '../money';
import { Button } from '../parts/button';
import { CopyRow } from '../parts/copy-row';
import { Heading } from '../parts/heading';
import { CheckIcon, OutIcon } from '../parts/icons';

export function DoneView({ session, step }: { session: Session; step: DoneStep }) {
  const { leave, brand_name } = usePage();
  const { quote } = step;
  return (
    <div class="step">
      <header class="step-head outcome">
        <span class="seal seal-good" aria-hidden="true">
          <CheckIcon size={28} />
        </span>
        <Heading>{formatCrypto(quote.crypto_amount, quote.target_token)} delivered</Heading>
        <p class="lead">You paid {formatFiat(quote.fiat_amount, quote.currency)}, fees included.</p>
      </header>
      <dl class="rows">
        <CopyRow label="To" value={step.address} />
        <CopyRow label="Reference" value={step.transaction_id} />
        <CopyRow label="Transaction hash" value={step.chain_transaction} />
      </dl>
      {step.explorer_url?.startsWith('https://') && (
        <a class="link" href={step.explorer_url} target="_blank" rel="noopener noreferrer">
          See it on the blockchain <OutIcon />
        </a>
      )}
      <Button onClick={() => leave('done')}>Return to {brand_name ?? session.partner_name}</Button>
    </div>
  );
}
