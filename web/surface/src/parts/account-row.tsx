import type { Account } from '../api';

/** A bank account, as much of it as anybody keeps. */
export function AccountRow({ account }: { account: Account }) {
  return (
    <div class="row">
      <dt>Paid to</dt>
      <dd>
        <span class="mono">
          {account.country}… {account.last4}
        </span>
      </dd>
    </div>
  );
}
