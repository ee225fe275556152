import type { Session, Step } from '../api';
import { assertNever } from '../never';
import { AccountView } from './account';
import { AmountView } from './amount';
import { ChallengeView } from './challenge';
import { ConfirmView } from './confirm';
import { DepositView } from './deposit';
import { DoneView } from './done';
import { EndedView } from './ended';
import { FailedView } from './failed';
import { IdentityView } from './identity/view';
import { NewPriceView } from './new-price';
import { PaymentView } from './payment';
import { ProcessingView } from './processing';
import { UnavailableView } from './unavailable';
import { WalletView } from './wallet';

export function StepView({ session, step }: { session: Session; step: Step }) {
  switch (step.kind) {
    case 'amount':
      return <AmountView session={session} step={step} />;
    case 'account':
      return <AccountView step={step} />;
    case 'confirm':
      return <ConfirmView step={step} />;
    case 'deposit':
      return <DepositView session={session} step={step} />;
    case 'new_price':
      return <NewPriceView step={step} />;
    case 'wallet':
      // Two addresses may follow each other: what was typed into one is not the other.
      return <WalletView key={String(step.refund)} step={step} />;
    case 'payment':
      return <PaymentView step={step} />;
    case 'identity':
      return <IdentityView step={step} />;
    case 'challenge':
      return <ChallengeView step={step} />;
    case 'processing':
      return <ProcessingView step={step} />;
    case 'done':
      return <DoneView session={session} step={step} />;
    case 'failed':
      return <FailedView session={session} step={step} />;
    case 'unavailable':
      return <UnavailableView session={session} step={step} />;
    case 'ended':
      return <EndedView session={session} step={step} />;
    default:
      return assertNever(step);
  }
}
