import { Component, type ComponentChildren } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Session, Step } from './api';
import type { Checkout, Page } from './checkout';
import { type PageContext, PageProvider } from './context';
import type { Entry } from './entry';
import { useCheckout, useMedia } from './hooks';
import { assertNever } from './never';
import type { Parent } from './parent';
import { Crash, Starting, Unavailable } from './screens';
import { Shell } from './shell';
import { StepView } from './steps/step-view';
import { wayBack } from './way-back';

interface AppProps {
  checkout: Checkout;
  parent: Parent | null;
  place: Entry['place'];
  onBranding: (branding: Session['branding']) => void;
}

export function App(props: AppProps) {
  return (
    <Guard parent={props.parent}>
      <Live {...props} />
    </Guard>
  );
}

function Live({ checkout, parent, place, onBranding }: AppProps) {
  const page = useCheckout(checkout);
  useTellParent(page, parent);

  switch (page.kind) {
    case 'starting':
      return <Starting reachable={page.reachable} />;
    case 'unavailable':
      return <Unavailable reason={page.reason} />;
    case 'live':
      return <Drawn {...{ checkout, parent, place, onBranding, page }} />;
    default:
      return assertNever(page);
  }
}

function Drawn({
  checkout,
  parent,
  place,
  onBranding,
  page,
}: AppProps & { page: Extract<Page, { kind: 'live' }> }) {
  const wide = useMedia('(min-width: 60rem)') && place === 'checkout';
  const [said, setSaid] = useState('');
  const { session, step } = page.journey;
  const { brand_name } = session.branding;
  useLayoutEffect(() => onBranding(session.branding), [onBranding, session.branding]);

  const close = useCallback(
    (reason: string) => parent?.say({ type: 'close', payload: { reason } }),
    [parent],
  );
  const leave = useCallback(
    (result: 'done' | 'cancelled') => {
      if (place === 'embed') return close(result);
      const address = wayBack(session, result);
      if (address !== null) location.assign(address);
    },
    [place, close, session],
  );
  const act = useCallback<PageContext['act']>(
    (action, call) => checkout.act(action, call),
    [checkout],
  );
  const context = useMemo<PageContext>(
    () => ({
      place,
      clock: checkout.clock,
      busy: page.busy,
      problem: page.problem,
      wide,
      brand_name,
      act,
      announce: setSaid,
      leave,
    }),
    [place, checkout, page.busy, page.problem, wide, brand_name, act, leave],
  );

  return (
    <PageProvider value={context}>
      <Shell
        journey={page.journey}
        reachable={page.reachable}
        onClose={parent ? () => close('user') : null}
      >
        <StepView key={step.kind} session={session} step={step} />
      </Shell>
      <p class="sr-only" role="status">
        {said}
      </p>
    </PageProvider>
  );
}

/** What the partner's page hears about where the buyer is. It fulfils nothing by it. */
function useTellParent(page: Page, parent: Parent | null): void {
  const step = page.kind === 'live' ? page.journey.step : null;
  const shown = useRef(false);
  const told = useRef<Step['kind'] | null>(null);
  useEffect(() => {
    if (page.kind === 'unavailable') {
      parent?.sayOnce({ type: 'unavailable', payload: { reason: page.reason } });
    }
    if (page.kind === 'live' && !shown.current) {
      shown.current = true;
      parent?.sayOnce({ type: 'ready', payload: {} });
    }
    // It may come back and go away again, so each time is told.
    if (step?.kind === 'unavailable' && told.current !== 'unavailable') {
      parent?.say({ type: 'unavailable', payload: { reason: step.reason.code } });
    }
    told.current = step?.kind ?? null;
    if (page.kind === 'live' && step?.kind === 'done') {
      const payload = { sessionId: page.journey.session.id, txId: step.transaction_id };
      parent?.sayOnce({ type: 'success', payload });
    }
  });
}

/** A fault in drawing ends in a calm page that can be loaded again, never in a blank one. */
class Guard extends Component<
  { parent: Parent | null; children: ComponentChildren },
  { broken: boolean }
> {
  override state = { broken: false };

  override componentDidCatch(): void {
    this.setState({ broken: true });
    this.props.parent?.say({
      type: 'error',
      payload: { code: 'page_fault', message: 'The checkout page met a fault of its own.' },
    });
  }

  override render() {
    if (this.state.broken) return <Crash onRetry={() => location.reload()} offline={false} />;
    return this.props.children;
  }
}
