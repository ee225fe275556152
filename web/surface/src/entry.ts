// How the page was opened. The fragment carries secrets, so it is read once and cleared at once.

export type Theme = 'light' | 'dark';

export interface Entry {
  place: 'embed' | 'checkout';
  token: string | null;
  client_secret: string | null;
  publishable_key: string | null;
  theme: Theme | null;
  primary_color: string | null;
}

export function readEntry(pathname: string, fragment: string): Entry {
  const values = new URLSearchParams(fragment.replace(/^#/, ''));
  return {
    place: pathname.startsWith('/embed/') ? 'embed' : 'checkout',
    token: values.get('token'),
    client_secret: values.get('cs'),
    publishable_key: values.get('pk'),
    theme: asTheme(values.get('theme')),
    primary_color: values.get('primary_color'),
  };
}

/** The full page at the address that names the partner. The token rides in the fragment. */
export function brandedAddress(
  { partner_id, mode, embed_token }: { partner_id: string; mode: string; embed_token: string },
  theme: Theme | null,
): string {
  const fragment = new URLSearchParams({ token: embed_token });
  if (theme) fragment.set('theme', theme);
  return `/checkout/${encodeURIComponent(partner_id)}/${encodeURIComponent(mode)}#${fragment}`;
}

export function asTheme(value: unknown): Theme | null {
  return value === 'light' || value === 'dark' ? value : null;
}

/** What the page reads from its embed token. Not verified here: the server does that, every time. */
export interface TokenClaims {
  /** The exact origin of the page that may talk with us. */
  origin: string | null;
  session_id: string | null;
  expires_at_ms: number | null;
}

export function readClaims(token: string): TokenClaims {
  const claims = decodePayload(token);
  return {
    origin: text(claims.org),
    session_id: text(claims.sub),
    expires_at_ms: typeof claims.exp === 'number' ? claims.exp * 1000 : null,
  };
}

function decodePayload(token: string): Record<string, unknown> {
  try {
    const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? { ...claims } : {};
  } catch {
    return {};
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
