// The page's one piece of state: the latest journey, and what is under way. The server decides
// what the journey is; this only takes it in, and sends what the buyer asks for.
import type { Journey } from './api';
import { ApiError, type Client } from './client';
import type { ServerClock } from './clock';
import { Feed, type FeedHandlers } from './feed';
import { latest } from './latest';

export type Action =
  | 'quote'
  | 'accept'
  | 'flow'
  | 'account'
  | 'deposit'
  | 'simulate'
  | 'decline'
  | 'wallet'
  | 'back'
  | 'pay'
  | 'identity'
  | 'email'
  | 'code'
  | 'details'
  | 'challenge'
  | 'retry'
  | 'cancel';

/** Why the last action did not go through. `error` is null when no answer came at all. */
export interface Problem {
  action: Action;
  error: ApiError | null;
}

export type Page =
  | { kind: 'starting'; reachable: boolean }
  | { kind: 'unavailable'; reason: string; message: string }
  | {
      kind: 'live';
      journey: Journey;
      reachable: boolean;
      busy: Action | null;
      problem: Problem | null;
    };

export class Checkout {
  #page: Page = { kind: 'starting', reachable: true };
  #feed: Feed | null = null;
  readonly #listeners = new Set<() => void>();
  readonly client: Client;
  readonly clock: ServerClock;

  constructor(client: Client, clock: ServerClock) {
    this.client = client;
    this.clock = clock;
  }

  get page(): Page {
    return this.#page;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(makeFeed = (handlers: FeedHandlers) => new Feed(this.client, handlers)): void {
    this.#feed = makeFeed({
      onJourney: (journey) => this.hear(journey),
      onReachable: (reachable) => this.#reachable(reachable),
      onRefused: (error) => this.refuse(error),
    });
    this.#feed.start();
  }

  stop(): void {
    this.#feed?.stop();
  }

  wake(): void {
    this.#feed?.wake();
  }

  /** Something went unanswered: an open stream is no proof that we are connected. */
  doubt(): void {
    this.#feed?.renew();
  }

  /** The one way in for a journey, from an answer, the stream or a poll. */
  hear(heard: Journey): void {
    const before = this.#page;
    if (before.kind === 'unavailable') return;
    this.clock.hear(heard.server_time);
    const present = before.kind === 'live' ? before.journey : null;
    const journey = latest(present, heard);
    const moved = present?.step.kind !== journey.step.kind;
    const live = before.kind === 'live' ? before : { busy: null, problem: null };
    this.#show({
      kind: 'live',
      journey,
      reachable: true,
      busy: live.busy,
      // What went wrong in a step that is left behind, or while we were cut off, is over.
      problem: moved || !before.reachable ? null : live.problem,
    });
    // Nothing follows these, so there is nothing to listen for.
    if (journey.step.kind === 'done' || journey.step.kind === 'ended') this.stop();
  }

  /** Runs one action at a time; a second click while it is under way does nothing. */
  async act(action: Action, call: (client: Client) => Promise<Journey>): Promise<boolean> {
    if (this.#page.kind !== 'live' || this.#page.busy !== null) return false;
    this.#show({ ...this.#page, busy: action, problem: null });
    try {
      this.hear(await call(this.client));
      return true;
    } catch (error) {
      await this.#failed(action, error);
      return false;
    } finally {
      if (this.#page.kind === 'live') this.#show({ ...this.#page, busy: null });
    }
  }

  refuse(error: ApiError): void {
    this.#unavailable(error.body.code, error.body.message);
  }

  #unavailable(reason: string, message: string): void {
    this.stop();
    this.#show({ kind: 'unavailable', reason, message });
  }

  async #failed(action: Action, error: unknown): Promise<void> {
    const refusal = error instanceof ApiError ? error : null;
    if (refusal?.final) {
      this.refuse(refusal);
      return;
    }
    // After a conflict, or when no answer came, what happened is the server's to say.
    if (refusal === null || refusal.status === 409) {
      const journey = await this.#catchUp(action, refusal).catch(() => null);
      if (journey === null) this.doubt();
      else this.hear(journey);
    }
    if (this.#page.kind !== 'live') return;
    this.#show({ ...this.#page, problem: { action, error: refusal } });
  }

  async #catchUp(action: Action, refusal: ApiError | null): Promise<Journey> {
    const journey = await this.client.journey();
    const priceGone = action === 'pay' && refusal?.body.code === 'quote_expired';
    return priceGone && journey.step.kind === 'payment' ? this.client.back('amount') : journey;
  }

  #reachable(reachable: boolean): void {
    if (this.#page.kind === 'unavailable' || this.#page.reachable === reachable) return;
    this.#show({ ...this.#page, reachable });
  }

  #show(page: Page): void {
    this.#page = page;
    for (const listener of this.#listeners) listener();
  }
}
