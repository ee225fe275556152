// What is shown when there is no journey to show.
import { Button } from './parts/button';
import { AlertIcon, ClockIcon } from './parts/icons';

export function Starting({ reachable }: { reachable: boolean }) {
  return (
    <main class="alone" aria-busy="true">
      <span class="spinner spinner-big" aria-hidden="true" />
      <p role="status">
        {reachable
          ? 'Opening your checkout…'
          : 'We cannot reach 0Gate at the moment. We keep trying.'}
      </p>
    </main>
  );
}

export function Unavailable({ reason }: { reason: string }) {
  const { title, text } = explain(reason);
  return (
    <main class="alone">
      <span class="seal" aria-hidden="true">
        <ClockIcon size={26} />
      </span>
      <h1>{title}</h1>
      <p>{text}</p>
    </main>
  );
}

/** `offline` when no answer came, otherwise the page or the service met a fault. */
export function Crash({ onRetry, offline }: { onRetry: () => void; offline: boolean }) {
  return (
    <main class="alone">
      <span class="seal" aria-hidden="true">
        <AlertIcon size={26} />
      </span>
      <h1>{offline ? 'We cannot reach 0Gate' : 'Something went wrong on our side'}</h1>
      <p role="alert">
        {offline
          ? 'Please check your connection and try again. Nothing has been lost.'
          : 'Your purchase is as it was. Loading this page again usually helps.'}
      </p>
      <Button onClick={onRetry}>Try again</Button>
    </main>
  );
}

function explain(reason: string): { title: string; text: string } {
  const again = 'Please go back to the shop and start again from there.';
  switch (reason) {
    case 'completed':
      return {
        title: 'This checkout is complete',
        text: 'There is nothing left to do here. The shop has been told and shows you the rest.',
      };
    case 'expired':
      return { title: 'This checkout has expired', text: again };
    case 'cancelled':
      return { title: 'This checkout was cancelled', text: again };
    default:
      return { title: 'This checkout cannot be opened', text: again };
  }
}
