import type { Quote } from '../api';
import { usePage } from '../context';
import { ChevronIcon } from './icons';
import { QuoteLines } from './quote-lines';
import { given, gotten } from './trade';

/** What is being bought or sold, on pages without a column for it. */
export function Summary({ quote, open = false }: { quote: Quote; open?: boolean }) {
  const { wide } = usePage();
  if (wide) return null;
  return (
    <details class="summary" open={open}>
      <summary>
        <span class="summary-what">
          <span class="summary-get">{gotten(quote)}</span>
          <span class="summary-for">for {given(quote)}</span>
        </span>
        <span class="summary-more">
          Details <ChevronIcon />
        </span>
      </summary>
      <QuoteLines quote={quote} />
    </details>
  );
}
