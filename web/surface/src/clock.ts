// The server's time on this page. The local clock may be wrong by hours and may be moved while the
// page is open, so countdowns run on the server's time plus a monotonic count since it was heard.
import type { Instant } from './api';

export class ServerClock {
  #offset_ms = Number.NEGATIVE_INFINITY;
  readonly #monotonic: () => number;

  constructor(monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic;
  }

  /** A message is always late, never early: of several readings the largest is the truest. */
  hear(server_time: Instant): void {
    const offset_ms = Date.parse(server_time) - this.#monotonic();
    if (offset_ms > this.#offset_ms) this.#offset_ms = offset_ms;
  }

  now(): number {
    return this.#offset_ms + this.#monotonic();
  }

  /** Whole seconds until an instant, rounded up, so that 0 means over. */
  secondsUntil(instant: Instant): number {
    return Math.max(0, Math.ceil((Date.parse(instant) - this.now()) / 1000));
  }
}

/** 95 as "1:35". */
export function formatSeconds(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
