// The page's first second: read how it was opened, get a token, start listening, draw.
import { render } from 'preact';
import { App } from './app';
import { Checkout } from './checkout';
import { ApiError, bootstrap, Client } from './client';
import { ServerClock } from './clock';
import { type Entry, readClaims, readEntry } from './entry';
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
theme.brand(entry.primary_color);

void open();

async function open(): Promise<void> {
  let brand_name: string | null = null;
  try {
    const token = await obtainToken(entry, (name) => {
      brand_name = name;
    });
    if (token === null) return refuse('no_session');
    rememberToken(token);
    run(token, brand_name);
  } catch (error) {
    if (error instanceof ApiError && error.final) return refuse(error.body.code);
    if (error instanceof ApiError && error.status === 409) {
      return refuse(error.body.session?.status ?? error.body.code);
    }
    render(<Crash onRetry={open} offline={!(error instanceof ApiError)} />, root);
  }
}

async function obtainToken(opened: Entry, onBrand: (name: string | null) => void) {
  if (opened.place === 'embed') return opened.token ?? recallToken();
  if (opened.publishable_key === null || opened.client_secret === null) return recallToken();
  const body = await bootstrap(opened.publishable_key, opened.client_secret);
  opened.client_secret = null; // it has done its work
  theme.brand(body.branding.primary_color ?? body.branding.accent_color);
  onBrand(body.branding.brand_name);
  return body.embed_token;
}

function refuse(reason: string): void {
  render(<Unavailable reason={reason} />, root);
}

function run(token: string, brand_name: string | null): void {
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
  render(
    <App checkout={checkout} parent={parent} place={entry.place} brand_name={brand_name} />,
    root,
  );
}
