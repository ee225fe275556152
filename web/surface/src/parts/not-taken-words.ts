import type { NotTaken } from '../api';
import { formatCrypto } from '../money';
import { shorten } from './shorten';

/** Why something did not count, as the words behind its amount. */
function why(cause: NotTaken['cause']): string {
  switch (cause) {
    case 'surplus':
      return 'was more than asked for and';
    case 'unexpected':
      return 'came when nothing was expected any more and';
    case 'sale_ended':
      return 'was not used and';
    case 'wrong_asset':
    case 'wrong_network':
      return 'could not be taken in here and';
    // It is tried again, or was found to have arrived.
    default:
      return '';
  }
}

/** One sentence or two: what came, why it did not count, and where it is or goes. */
export function notTakenWords(one: NotTaken, shop: string): string {
  const amount = formatCrypto(one.amount, one.token);
  const memo = one.back_to_memo === null ? '' : ` with the memo ${one.back_to_memo}`;
  const address = `${shorten(one.back_to)}${memo}`;
  if (one.status === 'held') {
    const team = `Our team has been told, and ${shop} has too.`;
    switch (one.cause) {
      case 'return_failed':
        return `${amount} could not be sent back to ${address}. ${team}`;
      case 'return_unknown':
        return `${amount} was sent back to ${address}, and it is not known yet whether it arrived. ${team}`;
      default:
        return `${amount} on ${one.network_name} cannot be taken in here. ${team}`;
    }
  }
  const goes = one.status === 'returned' ? 'has gone back to' : 'goes back to';
  return [amount, why(one.cause), goes, `${address}.`].filter(Boolean).join(' ');
}
