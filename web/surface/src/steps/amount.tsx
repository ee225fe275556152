import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { AmountStep, AssetOption, Flow, Session, Target } from '../api';
import { usePage } from '../context';
import { formatFiat } from '../money';
import { Button } from '../parts/button';
import { Countdown, useLapsed } from '../parts/countdown';
import { Heading } from '../parts/heading';
import { Notice } from '../parts/notice';
import { TO } from '../parts/paid-to';
import { ProblemNotice } from '../parts/problem';
import { QuoteLines, YouGet } from '../parts/quote-lines';
import { useFreshPrice } from './fresh-price';

export function AmountView({ session, step }: { session: Session; step: AmountStep }) {
  const { act, busy, wide, problem } = usePage();
  const { quote } = step;
  const lapsed = useLapsed(quote);
  const { renewed, paused, wanted, ask } = useFreshPrice(step, lapsed);
  const [lost, forgetLost] = useLostChoice(step);
  const choices = useRef<HTMLFieldSetElement>(null);
  useLayoutEffect(() => showChosen(choices.current), []);

  const sells = step.flow === 'off_ramp';
  const swaps = step.flow === 'swap';
  const shown = busy === 'quote' ? wanted : step.selected;
  const asset = step.options.find((option) => same(option, shown));
  const pricing = busy === 'quote' || quote === null || lapsed;

  return (
    <form
      class="step"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (quote && !pricing) void act('accept', (client) => client.acceptQuote(quote.id));
      }}
    >
      <header class="step-head">
        <Heading>
          {step.pinned && asset
            ? `${swaps ? 'Swap for' : sells ? 'Sell' : 'Buy'} ${asset.name}`
            : `Choose what to ${swaps ? 'get' : sells ? 'sell' : 'buy'}`}
        </Heading>
        <p class="lead">{leadOf(session, step, asset)}</p>
      </header>

      <Flows step={step} />
      <PriceNotice step={step} renewed={renewed} lost={lost} />

      {!step.pinned && (
        <fieldset class="choices" ref={choices}>
          <legend class="sr-only">What to {sells ? 'sell' : 'buy'}</legend>
          {step.options.map((option) => (
            <label class="choice" key={option.target_token + option.target_network}>
              <input
                type="radio"
                name="asset"
                checked={same(option, shown)}
                onChange={() => {
                  forgetLost();
                  ask(targetOf(option));
                }}
                disabled={busy === 'accept'}
              />
              <span class="coin" aria-hidden="true">
                {coinLetter(option.target_token)}
              </span>
              <span class="choice-name">
                {option.name}
                <small>
                  {option.target_token} on {option.network_name}
                </small>
              </span>
              <span class="dot" aria-hidden="true" />
            </label>
          ))}
        </fieldset>
      )}

      {step.from_selected && (
        <div class="field">
          <label for="from">Pay with</label>
          <div class="control">
            <select
              id="from"
              disabled={busy !== null}
              value={keyOf(step.from_selected)}
              onChange={({ currentTarget }) => {
                const from = step.from_options.find(
                  (option) => keyOf(option) === currentTarget.value,
                );
                if (from) ask(step.selected, targetOf(from));
              }}
            >
              {step.from_options.map((option) => (
                <option
                  key={keyOf(option)}
                  value={keyOf(option)}
                  disabled={same(option, step.selected)}
                >
                  {option.target_token} on {option.network_name}
                </option>
              ))}
            </select>
          </div>
        </div>
      )}

      {step.payout_methods.length > 1 && (
        <div class="field">
          <label for="payout">Get paid</label>
          <div class="control">
            <select
              id="payout"
              disabled={busy !== null}
              value={step.payout_method ?? ''}
              onChange={({ currentTarget }) => ask(step.selected, null, currentTarget.value)}
            >
              {step.payout_methods.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </div>
        </div>
      )}

      <section class="price" aria-busy={pricing} aria-label="Price">
        {quote && !(pricing && quote.target_token !== shown.target_token) ? (
          <div class="price-head" data-stale={pricing}>
            <YouGet quote={quote} />
            {pricing ? <Waiting paused={paused} /> : <Countdown quote={quote} />}
          </div>
        ) : (
          <div class="price-head">
            <p class="you-get">
              <span class="you-get-label">{sells ? 'You send' : 'You get'}</span>
              <span class="placeholder" />
            </p>
            <Waiting paused={paused} />
          </div>
        )}
        {quote && !wide && <QuoteLines quote={quote} />}
      </section>

      {!lostPrice(problem) && <ProblemNotice actions={['quote', 'accept', 'flow']} />}
      {paused || (problem?.action === 'quote' && pricing) ? (
        <Button busy={busy === 'quote'} onClick={() => ask(step.selected)}>
          Get a new price
        </Button>
      ) : (
        <Button type="submit" busy={busy === 'accept'} disabled={pricing || busy !== null}>
          {pricing ? 'Getting the price…' : 'Continue with this price'}
        </Button>
      )}
    </form>
  );
}

const FLOWS: Record<Flow, string> = { on_ramp: 'Buy', off_ramp: 'Sell', swap: 'Swap' };

/** Where the partner leaves open what to do. */
function Flows({ step }: { step: AmountStep }) {
  const { act, busy } = usePage();
  const [wanted, setWanted] = useState(step.flow);
  if (step.flows.length < 2) return null;
  const shown = busy === 'flow' ? wanted : step.flow;
  return (
    <fieldset class="flows">
      <legend class="sr-only">What do you want to do?</legend>
      {step.flows.map((flow) => (
        <label key={flow}>
          <input
            type="radio"
            name="flow"
            checked={flow === shown}
            disabled={busy === 'accept'}
            onChange={() => {
              setWanted(flow);
              void act('flow', (client) => client.flow(flow));
            }}
          />
          <span>{FLOWS[flow]}</span>
        </label>
      ))}
    </fieldset>
  );
}

function leadOf(session: Session, step: AmountStep, asset: AssetOption | undefined): string {
  const amount = formatFiat(session.amount, session.currency);
  if (step.flow === 'swap') return `For tokens that are worth ${amount}.`;
  if (step.flow === 'off_ramp') return `You are paid ${amount}, ${paidTo(step)}.`;
  return step.pinned && asset
    ? `You are spending ${amount} on ${asset.name}, delivered on ${asset.network_name}.`
    : `You are spending ${amount}.`;
}

function paidTo({ payout_methods, payout_method }: AmountStep): string {
  const method = payout_methods.find(({ id }) => id === payout_method);
  return TO[method?.account_kind ?? 'iban'];
}

function Waiting({ paused }: { paused: boolean }) {
  return (
    <p class="countdown">
      {paused ? (
        'Price has lapsed'
      ) : (
        <>
          <span class="spinner" aria-hidden="true" /> Getting the price…
        </>
      )}
    </p>
  );
}

function PriceNotice({
  step,
  renewed,
  lost,
}: {
  step: AmountStep;
  renewed: boolean;
  lost: boolean;
}) {
  const { problem } = usePage();
  if (lost) {
    return (
      <Notice tone="info">
        What you had chosen is not available at the moment. Please choose again.
      </Notice>
    );
  }
  if (renewed || step.notice === 'quote_expired' || lostPrice(problem)) {
    return (
      <Notice tone="info">
        The last price has lapsed. This is the new one; please look at it again.
      </Notice>
    );
  }
  return null;
}

/**
 * Whether what the buyer had chosen went away. The server says so until there is another price, which
 * the page asks for by itself; the buyer should read it nonetheless.
 */
function useLostChoice({ notice }: AmountStep): [boolean, () => void] {
  const [lost, setLost] = useState(false);
  useEffect(() => {
    if (notice === 'asset_not_available') setLost(true);
  }, [notice]);
  return [lost, () => setLost(false)];
}

/** A refusal because the price lapsed is told as news about the price, not as an error. */
function lostPrice(problem: ReturnType<typeof usePage>['problem']): boolean {
  return problem?.error?.body.code === 'quote_expired';
}

/** What was chosen before may be far down a long list. */
function showChosen(list: HTMLFieldSetElement | null): void {
  const chosen = list?.querySelector<HTMLElement>('.choice:has(:checked)');
  if (list && chosen && chosen.offsetTop + chosen.offsetHeight > list.clientHeight) {
    list.scrollTop = chosen.offsetTop - (list.clientHeight - chosen.offsetHeight) / 2;
  }
}

const targetOf = ({ target_token, target_network }: AssetOption): Target => ({
  target_token,
  target_network,
});

const keyOf = ({ target_token, target_network }: Target) => `${target_token}/${target_network}`;

const same = (one: Target, other: Target) =>
  one.target_token === other.target_token && one.target_network === other.target_network;

/** A sign that people know, where there is one. */
function coinLetter(token: string): string {
  const signs: Record<string, string> = { BTC: '₿', ETH: 'Ξ', USDC: '$', USDT: '$', EURC: '€' };
  return signs[token] ?? token.charAt(0);
}
