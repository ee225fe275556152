import type { Quote } from '../api';
import { formatFiat } from '../money';
import { given, gotten, isSale } from './trade';

/** The whole price, line by line. Fees are part of the total, so the total stands last. */
export function QuoteLines({ quote }: { quote: Quote }) {
  const fiat = (amount: string) => formatFiat(amount, quote.currency);
  return (
    <dl class="lines">
      <div>
        <dt>Rate</dt>
        <dd>
          1&nbsp;{quote.target_token} = {fiat(quote.exchange_rate)}
        </dd>
      </div>
      {quote.paid_in && (
        <div>
          <dt>Rate of what you send</dt>
          <dd>
            1&nbsp;{quote.paid_in.token} = {fiat(quote.paid_in.exchange_rate)}
          </dd>
        </div>
      )}
      {quote.fees.map((fee) => (
        <div key={fee.kind + fee.label}>
          <dt>{fee.label}</dt>
          <dd>{fiat(fee.amount)}</dd>
        </div>
      ))}
      <div>
        <dt>Fees in total</dt>
        <dd>{fiat(quote.total_fees)}</dd>
      </div>
      <div class="lines-total">
        <dt>
          {isSale(quote) ? 'You are paid' : quote.paid_in ? 'Worth' : 'Total'}{' '}
          <small>{isSale(quote) ? 'after fees' : 'fees included'}</small>
        </dt>
        <dd>{fiat(quote.fiat_amount)}</dd>
      </div>
    </dl>
  );
}

/** The amount that a price decides: what a buyer gets, or what a seller sends. */
export function YouGet({ quote }: { quote: Quote }) {
  const sale = isSale(quote);
  return (
    <p class="you-get">
      <span class="you-get-label">{sale ? 'You send' : 'You get'}</span>
      <strong>{sale ? given(quote) : gotten(quote)}</strong>
    </p>
  );
}
