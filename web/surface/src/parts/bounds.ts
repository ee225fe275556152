import type { Reason } from '../api';

/** The limits that a reason names, each with its label, for a list of rows. */
export function boundsOf(reason: Reason): [string, string][] {
  const bounds: [string, string | null][] = [
    ['Limit', reason.limit],
    ['Smallest amount', reason.minimum],
    ['Largest amount', reason.maximum],
    ['Left of your limit', reason.remaining],
  ];
  return bounds.filter((bound): bound is [string, string] => bound[1] !== null);
}
