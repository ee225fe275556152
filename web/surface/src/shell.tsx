// Everything around a step: who sells, what is bought, and the ways out.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Journey, Step } from './api';
import { usePage } from './context';
import { formatCrypto, formatFiat } from './money';
import { Button, LinkButton } from './parts/button';
import { CloseIcon, Mark } from './parts/icons';
import { Logo } from './parts/logo';
import { Notice } from './parts/notice';
import { ProblemNotice } from './parts/problem';
import { QuoteLines } from './parts/quote-lines';
import { quoteOf, sells } from './parts/trade';
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
          <Cancel
            key={step.kind}
            what={sells(step) ? 'sale' : 'purchase'}
            returns={place === 'checkout'}
          />
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
        {quote
          ? formatFiat(quote.fiat_amount, quote.currency)
          : formatFiat(session.amount, session.currency)}
      </p>
      {quote && (
        <>
          <p class="order-get">for {formatCrypto(quote.crypto_amount, quote.target_token)}</p>
          <QuoteLines quote={quote} />
        </>
      )}
    </aside>
  );
}

function orderLabel(step: Step): string {
  if (sells(step)) {
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
