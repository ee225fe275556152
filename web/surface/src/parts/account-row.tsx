import type { Account } from '../api';

/** What the money of a sale goes to, as much of it as anybody keeps. */
export function AccountRow({ account }: { account: Account }) {
  return (
    <div class="row">
      <dt>Paid to</dt>
      <dd>
        {named(account)} <span class="mono">… {account.last4}</span>
      </dd>
    </div>
  );
}

function named({ kind, country }: Account): string {
  switch (kind) {
    case 'pix':
      return 'Pix key';
    case 'card':
      return 'Card';
    default:
      return `Account in ${country}`;
  }
}
