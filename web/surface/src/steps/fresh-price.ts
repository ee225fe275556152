import { useEffect, useRef, useState } from 'preact/hooks';
import type { AmountStep, Target } from '../api';
import { usePage } from '../context';
import { formatCrypto } from '../money';
import { isSale } from '../parts/trade';

/** Prices fetched without the buyer touching anything; a page left open must not ask for ever. */
const UNATTENDED_MAX = 5;

/** Fetches a price where there is none and when the present one lapses, and tells that it did. */
export function useFreshPrice(step: AmountStep, lapsed: boolean) {
  const { act, busy, problem, announce } = usePage();
  const { quote } = step;
  const [renewed, setRenewed] = useState(false);
  const [paused, setPaused] = useState(false);
  /** What was asked for last; the server's selection follows when it answers. */
  const [wanted, setWanted] = useState<Target>(step.selected);
  const unattended = useRef(0);
  const told = useRef<string | null>(null);

  // Until there is a price nobody has chosen how to be paid out, and the server knows best.
  const payout = quote === null ? null : step.payout_method;
  const ask = (
    target: Target,
    from: Target | null = step.from_selected,
    payoutMethod: string | null = payout,
  ) => {
    unattended.current = 0;
    setPaused(false);
    setRenewed(false);
    setWanted(target);
    void act('quote', (client) => client.quote(target, from, payoutMethod));
  };

  const needed = (quote === null || lapsed) && busy === null && problem?.action !== 'quote';
  useEffect(() => {
    if (!needed) return;
    if (unattended.current >= UNATTENDED_MAX) {
      setPaused(true);
      return;
    }
    unattended.current += 1;
    if (quote !== null) setRenewed(true);
    setWanted(step.selected);
    void act('quote', (client) => client.quote(step.selected, step.from_selected, payout));
  }, [needed]);

  useEffect(() => {
    if (quote === null || lapsed || told.current === quote.id) return;
    told.current = quote.id;
    announce(
      `${renewed ? 'New price' : 'Price'}: you ${isSale(quote) ? 'send' : 'get'} ${formatCrypto(quote.crypto_amount, quote.target_token)}.`,
    );
  }, [quote, lapsed, renewed, announce]);

  return { renewed, paused, wanted, ask };
}
