// Keeps the embed token over a reload. sessionStorage is shared by the frames of a tab, so the
// token is filed under its session, and the frame's own history entry remembers which one is ours.
import { readClaims } from './entry';

interface Remembered {
  session: string;
}

const name = (session: string) => `0gate.token.${session}`;

export function rememberToken(token: string): void {
  const session = readClaims(token).session_id ?? 'unbound';
  const remembered: Remembered = { session };
  history.replaceState(remembered, '', location.pathname + location.search);
  attempt(() => sessionStorage.setItem(name(session), token));
}

export function recallToken(): string | null {
  const remembered = history.state as Remembered | null;
  if (!remembered?.session) return null;
  return attempt(() => sessionStorage.getItem(name(remembered.session))) ?? null;
}

/** Storage may be blocked in a frame; the page then works until it is reloaded. */
function attempt<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch {
    return undefined;
  }
}
