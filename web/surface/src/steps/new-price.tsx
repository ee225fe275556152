import { useEffect } from 'preact/hooks';
import type { NewPriceStep, Quote } from '../api';
import { usePage } from '../context';
import { Button } from '../parts/button';
import { CopyRow } from '../parts/copy-row';
import { Countdown, useLapsed } from '../parts/countdown';
import { Heading } from '../parts/heading';
import { ProblemNotice } from '../parts/problem';
import { QuoteLines } from '../parts/quote-lines';
import { given, gotten, sent } from '../parts/trade';

/** The tokens came too late for their price. Nothing happens to them without a yes or a no. */
export function NewPriceView({ step }: { step: NewPriceStep }) {
  const { act, busy, problem, wide } = usePage();
  const { agreed, quote } = step;
  const lapsed = useLapsed(quote);
  const target = { target_token: agreed.target_token, target_network: agreed.target_network };
  const needed = (quote === null || lapsed) && busy === null && problem?.action !== 'quote';
  useEffect(() => {
    if (needed) void act('quote', (client) => client.quote(target));
  }, [needed]);
  const pricing = quote === null || lapsed;

  return (
    <form
      class="step"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (quote && !pricing) void act('accept', (client) => client.acceptQuote(quote.id));
      }}
    >
      <header class="step-head">
        <Heading>{title(agreed, quote)}</Heading>
        <p class="lead">
          Your {given(agreed)} arrived after the price of {gotten(agreed)} had lapsed. Do you want
          to go on at the new price?
        </p>
      </header>
      <section class="price" aria-busy={pricing} aria-label="New price">
        <div class="price-head">
          <p class="you-get">
            <span class="you-get-label">You get now</span>
            {quote ? <strong>{gotten(quote)}</strong> : <span class="placeholder" />}
          </p>
          {quote && !lapsed && <Countdown quote={quote} />}
        </div>
        {quote && !wide && <QuoteLines quote={quote} />}
      </section>
      <dl class="rows">
        <CopyRow label="Or back to" value={step.back_to} />
        <CopyRow label="Reference" value={step.transaction_id} />
      </dl>
      <ProblemNotice actions={['quote', 'accept', 'decline']} />
      <Button type="submit" busy={busy === 'accept'} disabled={pricing || busy !== null}>
        {quote && !pricing
          ? `${agreed.paid_in ? 'Swap' : 'Sell'} for ${gotten(quote)}`
          : 'Getting the price…'}
      </Button>
      <Button
        kind="plain"
        busy={busy === 'decline'}
        disabled={busy !== null}
        onClick={() => act('decline', (client) => client.declineQuote())}
      >
        Send my {sent(agreed).token} back
      </Button>
    </form>
  );
}

/** Where the new price comes to the same, nothing has changed but its time. */
function title(agreed: Quote, fresh: Quote | null): string {
  if (fresh === null) return 'The price has lapsed';
  return gotten(fresh) === gotten(agreed) ? 'The price was renewed' : 'The price has changed';
}
