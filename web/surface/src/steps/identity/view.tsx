import type { IdentityStep } from '../../api';
import { assertNever } from '../../never';
import { CheckingView } from './checking';
import { CodeView } from './code';
import { DetailsView } from './details';
import { EmailView } from './email';

/** Who the user is, a question at a time. */
export function IdentityView({ step }: { step: IdentityStep }) {
  switch (step.stage) {
    case 'email':
      return <EmailView step={step} />;
    case 'code':
      return <CodeView step={step} />;
    case 'details':
      return <DetailsView step={step} />;
    case 'checking':
      return <CheckingView step={step} />;
    default:
      return assertNever(step.stage);
  }
}
