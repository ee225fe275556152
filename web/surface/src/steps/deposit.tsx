import { useEffect, useState } from 'preact/hooks';
import type { DepositStep, Session } from '../api';
import { usePage } from '../context';
import { formatCrypto } from '../money';
import { Back } from '../parts/back';
import { CopyRow } from '../parts/copy-row';
import { Countdown } from '../parts/countdown';
import { Heading } from '../parts/heading';
import { NotTakenNotices } from '../parts/not-taken';
import { Notice } from '../parts/notice';
import { ProblemNotice } from '../parts/problem';
import { Summary } from '../parts/summary';
import { capital, sent } from '../parts/trade';

export function DepositView({ session, step }: { session: Session; step: DepositStep }) {
  const { announce, brand_name } = usePage();
  const shop = brand_name ?? session.partner_name;
  const { quote } = step;
  const { amount: agreed, token } = sent(quote);
  const crypto = (amount: string) => formatCrypto(amount, token);
  const partial = /[1-9]/.test(step.received_amount);
  const missing = crypto(step.missing_amount);
  useEffect(() => {
    if (partial) announce(`Something has arrived. Still to send: ${missing}.`);
  }, [partial, missing, announce]);

  return (
    <div class="step">
      {!partial && <Back to="amount" />}
      <header class="step-head">
        <Heading>{partial ? 'Send the rest' : `Send ${crypto(agreed)}`}</Heading>
        <p class="lead">
          {partial ? (
            <>
              {crypto(step.received_amount)} has arrived. Please send {missing} more.
            </>
          ) : (
            <>
              On the {step.network_name} network, to this address. This page goes on by itself once
              it arrives.
            </>
          )}
        </p>
      </header>

      <NotTakenNotices list={step.not_taken} shop={shop} />
      {step.lapsed && !partial && (
        <Notice tone="warning">
          The price has lapsed. Do not send now: go back for a new price. If you have sent already,
          keep this page open.
        </Notice>
      )}

      {step.memo !== null && step.memo_name !== null && (
        <Notice tone="warning">
          <strong>
            Send it with the {step.memo_name} {step.memo}.
          </strong>{' '}
          Others send to the same address: without it we cannot tell that it was you, and your{' '}
          {token} would have to be looked for by hand.
        </Notice>
      )}

      <Code text={step.qr} />
      {!step.qr_has_memo && (
        <p class="aside-note centred">
          The code holds the address only. Enter the {step.memo_name} as well.
        </p>
      )}
      <dl class="rows">
        <CopyRow label="Address" value={step.address} whole />
        {step.memo !== null && step.memo_name !== null && (
          <CopyRow label={capital(step.memo_name)} value={step.memo} whole />
        )}
        <CopyRow label="Amount" value={step.missing_amount} />
        <div class="row">
          <dt>Network</dt>
          <dd>{step.network_name}</dd>
        </div>
      </dl>
      {!step.lapsed && <Countdown quote={quote} />}

      <Notice tone="info">
        Send {token} on {step.network_name} only. {step.unless_exact}
      </Notice>

      {step.simulated && <Simulate step={step} />}
      <Summary quote={quote} />
      <dl class="rows">
        <CopyRow label="Refunds go to" value={step.back_to} />
        {step.back_to_memo !== null && <CopyRow label="With the memo" value={step.back_to_memo} />}
        <CopyRow label="Reference" value={step.transaction_id} />
      </dl>
      <ProblemNotice actions={['back']} />
    </div>
  );
}

/** The address for a wallet's camera. Its drawing is fetched only where it is needed. */
function Code({ text }: { text: string }) {
  const [svg, setSvg] = useState<string | null>(null);
  useEffect(() => {
    let gone = false;
    import('uqr')
      .then(({ renderSVG }) => {
        if (!gone) setSvg(renderSVG(text, { border: 2 }));
      })
      // Without it there is the text below.
      .catch(() => {});
    return () => {
      gone = true;
    };
  }, [text]);
  return (
    <div class="qr" role="img" aria-label="The address as a QR code">
      {svg !== null && (
        <img
          alt=""
          width="180"
          height="180"
          src={`data:image/svg+xml,${encodeURIComponent(svg)}`}
        />
      )}
    </div>
  );
}

/** In test mode nobody has a wallet at hand: the simulator sends what it is told to. */
function Simulate({ step }: { step: DepositStep }) {
  const { act, busy } = usePage();
  const send = (amount?: string) => act('simulate', (client) => client.simulateDeposit(amount));
  return (
    <section class="test-cards" aria-labelledby="simulate-title">
      <p id="simulate-title">
        <strong>Test mode.</strong> No tokens move. Let the simulator send:
      </p>
      <div class="test-card-list">
        <button type="button" class="test-card" disabled={busy !== null} onClick={() => send()}>
          <span>What is missing</span>
          <span class="mono">{step.missing_amount}</span>
        </button>
        {[
          ['Too little', '0.000001'],
          ['Too much', '100000'],
        ].map(([label = '', amount = '']) => (
          <button
            type="button"
            class="test-card"
            key={label}
            disabled={busy !== null}
            onClick={() => send(amount)}
          >
            <span>{label}</span>
            <span class="mono">{amount}</span>
          </button>
        ))}
      </div>
      <ProblemNotice actions={['simulate']} />
    </section>
  );
}
