import type { Quote } from '../api';
import { usePage } from '../context';
import { formatCrypto, formatFiat } from '../money';
import { ChevronIcon } from './icons';
import { QuoteLines } from './quote-lines';

/** What is being bought, on pages without a column for it. */
export function Summary({ quote, open = false }: { quote: Quote; open?: boolean }) {
  const { wide } = usePage();
  if (wide) return null;
  return (
    <details class="summary" open={open}>
      <summary>
        <span class="summary-what">
          <span class="summary-get">{formatCrypto(quote.crypto_amount, quote.target_token)}</span>
          <span class="summary-for">for {formatFiat(quote.fiat_amount, quote.currency)}</span>
        </span>
        <span class="summary-more">
          Details <ChevronIcon />
        </span>
      </summary>
      <QuoteLines quote={quote} />
    </details>
  );
}
