// Keeps the page's journey current: a stream while it holds, polls while it does not. Both end in
// the same `onJourney`, so nothing else on the page knows which of them is running.
import type { Journey } from './api';
import { ApiError, type Client } from './client';
import { readEvents } from './sse';

export interface FeedHandlers {
  onJourney: (journey: Journey) => void;
  /** Whether the API can be reached at present. */
  onReachable: (reachable: boolean) => void;
  /** The API refuses us for good; the feed has stopped. */
  onRefused: (error: ApiError) => void;
}

export interface FeedTimes {
  poll_ms: number;
  /** The server comments every 15 s, so a longer silence is a dead connection. */
  silence_ms: number;
  /** Polls before the stream is tried again. */
  polls_between_streams: number;
  backoff_max_ms: number;
}

const TIMES: FeedTimes = {
  poll_ms: 2_000,
  silence_ms: 40_000,
  polls_between_streams: 5,
  backoff_max_ms: 15_000,
};

export class Feed {
  readonly #client: Pick<Client, 'journey' | 'stream'>;
  readonly #handlers: FeedHandlers;
  readonly #times: FeedTimes;
  readonly #stopped = new AbortController();
  #wake: () => void = () => {};
  #endStream: () => void = () => {};

  constructor(
    client: Pick<Client, 'journey' | 'stream'>,
    handlers: FeedHandlers,
    times: Partial<FeedTimes> = {},
  ) {
    this.#client = client;
    this.#handlers = handlers;
    this.#times = { ...TIMES, ...times };
  }

  start(): void {
    this.#run().catch((error: unknown) => {
      // Only a refusal ends the loop early; anything else is a fault of the page and is reported.
      if (error instanceof ApiError) this.#handlers.onRefused(error);
      else throw error;
    });
  }

  stop(): void {
    this.#stopped.abort();
    this.#wake();
  }

  /** The network came back or the page became visible: do not sit out the pause. */
  wake(): void {
    this.#wake();
  }

  /** The stream may be dead without knowing: leave it and ask. */
  renew(): void {
    this.#endStream();
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      await this.#stream();
      await this.#poll();
    }
  }

  async #stream(): Promise<void> {
    const ended = new AbortController();
    const end = () => ended.abort();
    this.#endStream = end;
    this.#stopped.signal.addEventListener('abort', end);
    let silence = setTimeout(end, this.#times.silence_ms);
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(end, this.#times.silence_ms);
    };
    try {
      const body = await this.#client.stream(ended.signal);
      await readEvents(
        body,
        ({ event, data }) => {
          if (event === 'journey') this.#hear(JSON.parse(data) as Journey);
        },
        alive,
      );
    } catch (error) {
      refuseIfFinal(error);
    } finally {
      clearTimeout(silence);
      this.#stopped.signal.removeEventListener('abort', end);
      end();
    }
  }

  async #poll(): Promise<void> {
    let failures = 0;
    let polls = 0;
    while (!this.#stopped.signal.aborted && polls < this.#times.polls_between_streams) {
      try {
        this.#hear(await this.#client.journey());
        failures = 0;
        polls += 1;
      } catch (error) {
        refuseIfFinal(error);
        failures += 1;
        if (!this.#stopped.signal.aborted) this.#handlers.onReachable(false);
      }
      await this.#pause(this.#times.poll_ms * 2 ** Math.min(failures, 6));
    }
  }

  #hear(journey: Journey): void {
    if (this.#stopped.signal.aborted) return;
    this.#handlers.onReachable(true);
    this.#handlers.onJourney(journey);
  }

  #pause(wanted_ms: number): Promise<void> {
    if (this.#stopped.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(wanted_ms, this.#times.backoff_max_ms));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function refuseIfFinal(error: unknown): void {
  if (error instanceof ApiError && error.final) throw error;
}
