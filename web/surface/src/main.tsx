// The page's first second: read how it was opened, get a token, start listening, draw.
import { render } from 'preact';
import type { Session } from './api';
import { App } from './app';
import { Checkout } from './checkout';
import { ApiError, bootstrap, Client } from './client';
import { ServerClock } from './clock';
import { brandedAddress, type Entry, readClaims, readEntry } from './entry';
import { Parent } from './parent';
import { Crash, Unavailable } from './screens';
import './styles/index.css';
import { ThemeControl } from './theme';
import { recallToken, rememberToken } from './token';

const root = document.getElementById('root') as HTMLElement;
const theme = new ThemeControl(document.documentElement);
const entry = readEntry(location.pathname, location.hash);
// Before anything else can fail: no secret stays in the address bar.
history.replaceState(history.state, '', location.pathname + location.search);
document.documentElement.dataset.place = entry.place;
theme.choose(entry.theme);
// What the loader knows already; the journey brings the rest.
theme.brand({ primary_color: entry.primary_color, secondary_color: null, accent_color: null });

void open();

async function open(): Promise<void> {
  try {
    const token = await obtainToken(entry);
    if (token === 'elsewhere') return;
    if (token === null) return refuse('no_session');
    rememberToken(token);
    run(token);
  } catch (error) {
    if (error instanceof ApiError && error.final) return refuse(error.body.code);
    if (error instanceof ApiError && error.status === 409) {
      return refuse(error.body.session?.status ?? error.body.code);
    }
    render(<Crash onRetry={open} offline={!(error instanceof ApiError)} />, root);
  }
}

/** The token, none, or the news that the page is being opened at another address. */
async function obtainToken(opened: Entry): Promise<string | 'elsewhere' | null> {
  if (opened.token !== null) return opened.token;
  if (opened.place === 'embed') return recallToken();
  if (opened.publishable_key === null || opened.client_secret === null) return recallToken();
  const body = await bootstrap(opened.publishable_key, opened.client_secret);
  opened.client_secret = null; // it has done its work
  theme.brand(body.branding);
  if (body.branding.logo_url === null) return body.embed_token;
  // Which pictures a page may show is settled before its script runs, so a partner's logo needs
  // the address that names the partner.
  location.replace(brandedAddress(body, opened.theme));
  return 'elsewhere';
}

function refuse(reason: string): void {
  render(<Unavailable reason={reason} />, root);
}

function run(token: string): void {
  const { origin } = readClaims(token);
  const framed = entry.place === 'embed' && window.parent !== window && origin !== null;
  const parent = framed ? new Parent(window.parent, origin) : null;
  const client = new Client({ token, onToken: rememberToken });
  const checkout = new Checkout(client, new ServerClock());

  parent?.listen({
    onTheme: (chosen) => theme.choose(chosen),
    onClose: () => {
      checkout.stop();
      parent.say({ type: 'close', payload: { reason: 'partner' } });
    },
  });
  if (parent) {
    new ResizeObserver(() => {
      const height = Math.ceil(root.getBoundingClientRect().height);
      if (height > 0) parent.say({ type: 'resize', payload: { height } });
    }).observe(root);
    const fault = () =>
      parent.say({
        type: 'error',
        payload: { code: 'page_fault', message: 'The checkout page met a fault of its own.' },
      });
    addEventListener('error', fault);
    addEventListener('unhandledrejection', fault);
  }
  addEventListener('online', () => checkout.wake());
  addEventListener('offline', () => checkout.doubt());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') checkout.wake();
  });

  checkout.start();
  const onBranding = (branding: Session['branding']) => theme.brand(branding);
  render(
    <App checkout={checkout} parent={parent} place={entry.place} onBranding={onBranding} />,
    root,
  );
}
