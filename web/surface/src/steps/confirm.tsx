import type { ConfirmStep } from '../api';
import { usePage } from '../context';
import { AccountRow } from '../parts/account-row';
import { Back } from '../parts/back';
import { Button } from '../parts/button';
import { Countdown, useLapsed } from '../parts/countdown';
import { Heading } from '../parts/heading';
import { Lapsed } from '../parts/lapsed';
import { ProblemNotice } from '../parts/problem';
import { shorten } from '../parts/shorten';
import { Summary } from '../parts/summary';
import { given, gotten } from '../parts/trade';
import { WithMemo } from '../parts/with-memo';

/** A sale or a swap once more as a whole: what is sent cannot be called back. */
export function ConfirmView({ step }: { step: ConfirmStep }) {
  const { act, busy } = usePage();
  const { quote } = step;
  const lapsed = useLapsed(quote);
  return (
    <form
      class="step"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (busy === null && !lapsed) void act('deposit', (client) => client.deposit(quote.id));
      }}
    >
      <Back to={step.account ? (step.locked ? 'account' : 'wallet') : 'refund_address'} />
      <header class="step-head">
        <Heading>Check your {step.account ? 'sale' : 'swap'}</Heading>
        <p class="lead">
          You send {given(quote)} and get {gotten(quote)}.
        </p>
      </header>
      <Summary quote={quote} open />
      <dl class="rows">
        <div class="row">
          <dt>You send</dt>
          <dd>
            {given(quote)} on {step.network_name}
          </dd>
        </div>
        {step.account && <AccountRow account={step.account} />}
        {step.address && (
          <div class="row">
            <dt>{quote.target_token} goes to</dt>
            <dd>
              <span class="mono" title={step.address}>
                {shorten(step.address)}
              </span>
              <WithMemo memo={step.memo} isText={step.memo_is_text} />
            </dd>
          </div>
        )}
        <div class="row">
          <dt>Refunds go to</dt>
          <dd>
            <span class="mono" title={step.back_to}>
              {shorten(step.back_to)}
            </span>
            <WithMemo memo={step.back_to_memo} isText={step.back_to_memo_is_text} />
          </dd>
        </div>
      </dl>
      <ProblemNotice actions={['deposit', 'back']} />
      {lapsed ? (
        <Lapsed />
      ) : (
        <div class="submit">
          <Button type="submit" busy={busy === 'deposit'} disabled={busy !== null}>
            Show me where to send
          </Button>
          <Countdown quote={quote} />
        </div>
      )}
    </form>
  );
}
