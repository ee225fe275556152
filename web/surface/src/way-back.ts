import type { Session } from './api';

/** Where the partner wants the buyer next, or null where the address is not one for the web. */
export function wayBack(session: Session, result: 'done' | 'cancelled'): string | null {
  const address =
    result === 'done' ? session.return_url : (session.cancel_url ?? session.return_url);
  try {
    const url = new URL(address);
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
    url.searchParams.set('gate_session_id', session.id);
    url.searchParams.set('gate_result', result);
    return url.href;
  } catch {
    return null;
  }
}
