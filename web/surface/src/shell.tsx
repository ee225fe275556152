// Everything around a step: who sells, what is bought, and the ways out.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Flow, Journey, Quote, Step } from './api';
import { usePage } from './context';
import { formatFiat } from './money';
import { Button, LinkButton } from './parts/button';
import { CloseIcon, Mark } from './parts/icons';
import { Logo } from './parts/logo';
import { Notice } from './parts/notice';
import { ProblemNotice } from './parts/problem';
import { QuoteLines } from './parts/quote-lines';
import { flowOf, given, gotten, quoteOf } from './parts/trade';
import { Progress } from './progress';

interface ShellProps {
  journey: Journey;
  reachable: boolean;
  onClose: (() => void) | null;
  children: ComponentChildren;
}

export function Shell({ journey, reachable, onClose, children }: ShellProps) {
  const { wide, brand_name, place } = usePage();
  const { session, step } = journey;
  const name = brand_name ?? session.partner_name;
  useEffect(() => {
    document.title = `${name} · secure checkout`;
  }, [name]);
  return (
    <div class="shell" data-wide={wide}>
      <header class="top">
        {session.branding.logo_url && <Logo url={session.branding.logo_url} />}
        <p class="seller">{name}</p>
        {session.mode === 'test' && <span class="badge">Test mode</span>}
        {onClose && (
          <button type="button" class="icon-button" aria-label="Close" onClick={onClose}>
            <CloseIcon />
          </button>
        )}
      </header>
      {wide && <Order journey={journey} />}
      <main>
        {!reachable && (
          <Notice tone="warning">
            We cannot reach 0Gate at the moment. We keep trying; nothing is lost.
          </Notice>
        )}
        <Progress step={step} />
        {children}
        {canCancel(step) && (
          <Cancel key={step.kind} what={NOUNS[flowOf(step)]} returns={place === 'checkout'} />
        )}
      </main>
      <footer class="foot">
        <span class="powered">
          Secured by <Mark /> <strong>0Gate</strong>
        </span>
      </footer>
    </div>
  );
}

/** The order in its own column, on wide pages. */
function Order({ journey }: { journey: Journey }) {
  const { session, step } = journey;
  const quote = quoteOf(step);
  return (
    <aside class="order" aria-label="Your order">
      <p class="order-label">{orderLabel(step)}</p>
      <p class="order-amount">
        {quote ? orderAmount(quote) : formatFiat(session.amount, session.currency)}
      </p>
      {quote && (
        <>
          <p class="order-get">for {orderGet(quote)}</p>
          <QuoteLines quote={quote} />
        </>
      )}
    </aside>
  );
}

const NOUNS: Record<Flow, string> = { on_ramp: 'purchase', off_ramp: 'sale', swap: 'swap' };

/** The order's amount is in money where there is any. */
const orderAmount = (quote: Quote) => (quote.side === 'off_ramp' ? gotten(quote) : given(quote));
const orderGet = (quote: Quote) => (quote.side === 'off_ramp' ? given(quote) : gotten(quote));

function orderLabel(step: Step): string {
  const flow = flowOf(step);
  if (flow === 'swap') return step.kind === 'done' ? 'You sent' : 'You send';
  if (flow === 'off_ramp') {
    return step.kind === 'done' ? 'You were paid' : 'You are paid';
  }
  if (step.kind === 'done') return 'You paid';
  return canCancel(step) ? 'You pay' : 'Your order';
}

function canCancel(step: Step): boolean {
  return CANCELLABLE.has(step.kind) || isWaiting(step);
}

const CANCELLABLE = new Set<Step['kind']>([
  'amount',
  'account',
  'wallet',
  'confirm',
  'payment',
  'identity',
  'challenge',
]);

/** Tokens are to come, and none have. */
function isWaiting(step: Step): boolean {
  return step.kind === 'deposit' && !/[1-9]/.test(step.received_amount);
}

function Cancel({ what, returns }: { what: string; returns: boolean }) {
  const { act, busy, leave } = usePage();
  const [asking, setAsking] = useState(false);
  const question = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (asking) question.current?.focus();
  }, [asking]);

  async function cancel() {
    const cancelled = await act('cancel', (client) => client.cancel());
    if (cancelled && returns) leave('cancelled');
  }

  return (
    <div class="cancel">
      <ProblemNotice actions={['cancel']} />
      {asking ? (
        <fieldset class="confirm">
          <legend class="sr-only">Cancel {what}</legend>
          <p ref={question} tabIndex={-1}>
            Cancel this {what}? You would have to start again in the shop.
          </p>
          <div class="confirm-actions">
            <Button kind="plain" onClick={() => setAsking(false)}>
              Keep going
            </Button>
            <Button
              kind="danger"
              busy={busy === 'cancel'}
              disabled={busy !== null}
              onClick={cancel}
            >
              Yes, cancel it
            </Button>
          </div>
        </fieldset>
      ) : (
        <LinkButton onClick={() => setAsking(true)}>Cancel {what}</LinkButton>
      )}
    </div>
  );
}
