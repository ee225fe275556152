// What every part of the page may need, handed down once.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Journey } from './api';
import type { Action, Problem } from './checkout';
import type { Client } from './client';
import type { ServerClock } from './clock';
import type { Entry } from './entry';

export interface PageContext {
  place: Entry['place'];
  clock: ServerClock;
  busy: Action | null;
  problem: Problem | null;
  /** The summary stands in a column of its own. */
  wide: boolean;
  brand_name: string | null;
  act: (action: Action, call: (client: Client) => Promise<Journey>) => Promise<boolean>;
  /** Speaks to screen readers without moving the focus. */
  announce: (sentence: string) => void;
  /** Leaves for the partner: navigates, or asks the partner's page to take the frame away. */
  leave: (result: 'done' | 'cancelled') => void;
}

const Context = createContext<PageContext | null>(null);

export const PageProvider = Context.Provider;

export function usePage(): PageContext {
  const page = useContext(Context);
  if (page === null) throw new Error('usePage needs a PageProvider around it');
  return page;
}
