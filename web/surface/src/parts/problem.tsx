import type { Action } from '../checkout';
import { usePage } from '../context';
import { Notice } from './notice';

/** What went wrong with an action, unless a field beside it already says so. */
export function ProblemNotice({ actions, fields = [] }: { actions: Action[]; fields?: string[] }) {
  const { problem } = usePage();
  if (problem === null || !actions.includes(problem.action)) return null;
  if (problem.error === null) {
    return (
      <Notice tone="error">
        We could not reach 0Gate, so nothing has changed as far as we know. You can safely try
        again.
      </Notice>
    );
  }
  const { error } = problem;
  if (fields.some((field) => error.at(field) !== null)) return null;
  return (
    <Notice tone="error">
      {error.body.message}
      {error.body.reason?.next_step && <> {error.body.reason.next_step}</>}
    </Notice>
  );
}
