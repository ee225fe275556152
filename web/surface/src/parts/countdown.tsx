import { useEffect } from 'preact/hooks';
import type { Quote } from '../api';
import { formatSeconds } from '../clock';
import { usePage } from '../context';
import { useSecondsUntil } from '../hooks';

const SOON_SECONDS = 30;
const RADIUS = 8;
const LENGTH = 2 * Math.PI * RADIUS;

/** How long the price still holds: a ring for the eye, a sentence for the ear. */
export function Countdown({ quote }: { quote: Quote }) {
  const { clock, announce } = usePage();
  const seconds = useSecondsUntil(clock, quote.expires_at);
  const soon = seconds <= SOON_SECONDS;
  useEffect(() => {
    if (seconds === SOON_SECONDS) announce(`This price holds for ${SOON_SECONDS} more seconds.`);
  }, [seconds, announce]);
  const left = Math.min(1, seconds / Math.max(1, quote.locked_for_seconds));
  return (
    <p class="countdown" data-soon={soon} role="timer">
      <svg class="ring" width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
        <circle class="ring-track" cx="10" cy="10" r={RADIUS} />
        <circle
          class="ring-left"
          cx="10"
          cy="10"
          r={RADIUS}
          stroke-dasharray={LENGTH}
          stroke-dashoffset={LENGTH * (1 - left)}
          transform="rotate(-90 10 10)"
        />
      </svg>
      {seconds > 0 ? (
        <span>
          Price held for <span class="digits">{formatSeconds(seconds)}</span>
        </span>
      ) : (
        <span>Price has lapsed</span>
      )}
    </p>
  );
}

/** Whether a quote may still be accepted or paid: by the server's word, or by its clock. */
export function useLapsed(quote: Quote | null): boolean {
  const { clock } = usePage();
  const seconds = useSecondsUntil(clock, quote?.expires_at ?? '9999-12-31T00:00:00Z');
  return quote !== null && (quote.lapsed || seconds === 0);
}
