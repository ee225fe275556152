import { useEffect, useReducer, useState } from 'preact/hooks';
import type { Checkout, Page } from './checkout';
import type { ServerClock } from './clock';

export function useCheckout(checkout: Checkout): Page {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    redraw(undefined as never); // something may have been heard between drawing and subscribing
    return checkout.subscribe(() => redraw(undefined as never));
  }, [checkout]);
  return checkout.page;
}

/** Seconds until an instant on the server's clock, counted down while drawn. */
export function useSecondsUntil(clock: ServerClock, instant: string): number {
  const [seconds, setSeconds] = useState(() => clock.secondsUntil(instant));
  useEffect(() => {
    const tick = () => setSeconds(clock.secondsUntil(instant));
    tick();
    const timer = setInterval(tick, 250); // often enough that no second is seen to last two
    return () => clearInterval(timer);
  }, [clock, instant]);
  return seconds;
}

export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const hear = () => setMatches(list.matches);
    list.addEventListener('change', hear);
    return () => list.removeEventListener('change', hear);
  }, [query]);
  return matches;
}
