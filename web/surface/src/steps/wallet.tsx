import { useRef, useState } from 'preact/hooks';
import type { WalletStep } from '../api';
import { usePage } from '../context';
import { Back } from '../parts/back';
import { Button } from '../parts/button';
import { Countdown, useLapsed } from '../parts/countdown';
import { described, FieldNotes } from '../parts/field';
import { Heading } from '../parts/heading';
import { PasteIcon } from '../parts/icons';
import { Lapsed } from '../parts/lapsed';
import { Memo } from '../parts/memo';
import { Notice } from '../parts/notice';
import { ProblemNotice } from '../parts/problem';
import { shorten } from '../parts/shorten';
import { Summary } from '../parts/summary';
import { TestValues } from '../parts/test-values';
import { isSale, sent } from '../parts/trade';
import { typedAddress } from '../parts/typed-address';

export function WalletView({ step }: { step: WalletStep }) {
  const { act, busy, problem, announce } = usePage();
  const [address, setAddress] = useState(step.address ?? '');
  const [memo, setMemo] = useState('');
  const [withoutMemo, setWithoutMemo] = useState(false);
  const [memoIsText, setMemoIsText] = useState(false);
  const [missing, setMissing] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const lapsed = useLapsed(step.quote);
  const target_token = step.refund ? sent(step.quote).token : step.quote.target_token;
  const { refund } = step;

  const refusal = problem?.action === 'wallet' ? problem.error : null;
  const refused = refusal?.at('/address') ?? null;
  const error = missing
    ? 'Enter the address of your wallet.'
    : refused && [refused, refusal?.body.reason?.next_step].filter(Boolean).join(' ');

  async function send() {
    const typed = typedAddress(step, { address, memo, withoutMemo, memoIsText });
    setMissing(typed.address === '');
    if (typed.address === '') return field.current?.focus();
    const moved = await act('wallet', (client) =>
      refund && step.quote.paid_in ? client.refundAddress(typed) : client.wallet(typed),
    );
    if (moved) return;
    // The first field at fault, once it has been marked.
    requestAnimationFrame(() =>
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(),
    );
  }

  return (
    <form
      class="step"
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (busy === null) void send();
      }}
    >
      <Back to={refund ? (isSale(step.quote) ? 'account' : 'wallet') : 'amount'} />
      <header class="step-head">
        <Heading>{refund ? 'Where would it go back to?' : 'Where should we send it?'}</Heading>
        <p class="lead">
          {refund
            ? `If anything goes wrong, your ${target_token} returns to a wallet on the ${step.network_name} network.`
            : `Your ${target_token} arrives in a wallet on the ${step.network_name} network.`}
        </p>
      </header>

      <Summary quote={step.quote} />

      <TestValues
        lead="Pick a wallet to see how it goes:"
        values={step.test_wallets}
        shown={(wallet) => shorten(wallet.address)}
        onPick={(wallet) => {
          setMissing(false);
          setAddress(wallet.address);
          setMemo('');
          setWithoutMemo(step.memo_name !== null);
          announce(`Test wallet filled in: ${wallet.label}.`);
        }}
      />

      <div class="field" data-invalid={Boolean(error)}>
        <div class="label-row">
          <label for="address">{refund ? 'Refund address' : 'Wallet address'}</label>
          {!step.locked && <Paste onText={setAddress} />}
        </div>
        <div class="control">
          <textarea
            {...described('address', error, true)}
            ref={field}
            name="address"
            class="mono"
            rows={2}
            value={address}
            readOnly={step.locked}
            placeholder={PLACEHOLDERS[step.address_format]}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            enterkeyhint="next"
            onInput={(event) => {
              setMissing(false);
              setAddress(event.currentTarget.value.replace(/\s/g, ''));
            }}
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return;
              event.preventDefault();
              event.currentTarget.form?.requestSubmit();
            }}
          />
        </div>
        <FieldNotes
          id="address"
          error={error}
          hint={
            step.locked
              ? 'This address was set by the shop and cannot be changed here.'
              : `Use an address that can receive ${target_token} on ${step.network_name}. On another network it would be lost.`
          }
        />
      </div>

      {step.memo_name !== null && (
        <Memo
          name={step.memo_name}
          format={step.address_format}
          value={memo}
          without={withoutMemo}
          isText={memoIsText}
          error={refusal?.at('/memo') ?? null}
          onValue={setMemo}
          onWithout={setWithoutMemo}
          onIsText={setMemoIsText}
        />
      )}

      {step.unchecked && (
        <Notice tone="warning">
          A typing mistake in an address of {step.network_name} cannot be noticed. Compare every
          character.
        </Notice>
      )}

      <p class="aside-note">
        Please compare the first and last characters with your wallet: a transfer cannot be
        reversed.
      </p>

      <ProblemNotice actions={['wallet', 'back']} fields={['/address', '/memo']} />
      {lapsed ? (
        <Lapsed />
      ) : (
        <div class="submit">
          <Button type="submit" busy={busy === 'wallet'} disabled={busy !== null}>
            {refund || step.quote.paid_in ? 'Continue' : 'Continue to payment'}
          </Button>
          <Countdown quote={step.quote} />
        </div>
      )}
    </form>
  );
}

/** How an address begins. */
const PLACEHOLDERS: Record<WalletStep['address_format'], string> = {
  evm: '0x…',
  bitcoin: 'bc1…',
  tron: 'T…',
  xrp: 'r…',
  stellar: 'G…',
  solana: '',
};

/** Only where the browser lets a page read the clipboard; in a frame it does not. */
function Paste({ onText }: { onText: (text: string) => void }) {
  const { place, announce } = usePage();
  if (place === 'embed' || typeof navigator.clipboard?.readText !== 'function') return null;
  async function paste() {
    try {
      onText((await navigator.clipboard.readText()).trim());
      announce('Address pasted.');
    } catch {
      announce('The clipboard could not be read. Please paste with the keyboard.');
    }
  }
  return (
    <button type="button" class="link" onClick={paste}>
      <PasteIcon /> Paste
    </button>
  );
}
