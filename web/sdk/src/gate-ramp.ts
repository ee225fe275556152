import { bootstrap } from './bootstrap';
import { type Frame, openFrame } from './frame';
import type { Message } from './messages';
import {
  checkOptions,
  type GateHandlers,
  type GateOptions,
  MountError,
  type Theme,
} from './options';
import { showPlaceholder } from './placeholder';

// Known only while the script runs for the first time, so it is read here and kept.
// Imported on a server there is no document, and no need for one either.
const present = typeof document === 'undefined' ? null : document.currentScript;
const script = present !== null && 'src' in present ? String(present.src) : '';

export class GateRamp {
  readonly #options: GateOptions;
  readonly #base: string;
  #handlers: GateHandlers = {};
  #frame: Frame | null = null;
  #mounting: Promise<HTMLIFrameElement | null> | null = null;
  #container: Element | null = null;
  #attempt = 0;
  #closed = false;

  constructor(options: GateOptions) {
    checkOptions(options);
    this.#options = { ...options };
    this.#base = baseOf(options);
  }

  /**
   * Puts the checkout into a container. Mounting again in the same place gives the same frame.
   * Resolves to null when the session cannot be served; rejects with a MountError when the
   * container is missing or no answer came, and may then be called again.
   */
  mount(target: string | Element, handlers: GateHandlers = {}): Promise<HTMLIFrameElement | null> {
    const container = typeof target === 'string' ? document.querySelector(target) : target;
    if (!container) return Promise.reject(new MountError(`There is no element ${target}.`));
    if (this.#mounting && this.#container === container) return this.#mounting;
    this.#remove();
    this.#closed = false;
    this.#container = container;
    this.#handlers = handlers;
    const mounting = this.#mount(container);
    this.#mounting = mounting;
    // A failure is forgotten, so that the next call starts afresh.
    const forget = () => {
      if (this.#mounting === mounting) this.#mounting = null;
    };
    mounting.then((frame) => frame ?? forget(), forget);
    return mounting;
  }

  setTheme(theme: Theme): void {
    this.#options.theme = theme;
    this.#frame?.say('theme', { theme });
  }

  close(): void {
    if (!this.#mounting) return;
    this.#frame?.say('close', {});
    this.#end('partner');
  }

  /** Leaves for the checkout as a page of its own, for where a frame is not wanted or not allowed. */
  static redirectToCheckout(options: GateOptions): void {
    checkOptions(options);
    const fragment = new URLSearchParams({ cs: options.clientSecret, pk: options.publishableKey });
    if (options.theme) fragment.set('theme', options.theme);
    location.assign(`${baseOf(options)}/checkout#${fragment}`);
  }

  async #mount(container: Element): Promise<HTMLIFrameElement | null> {
    this.#attempt += 1;
    const attempt = this.#attempt;
    const hidePlaceholder = showPlaceholder(container);
    try {
      const answer = await bootstrap(this.#base, this.#options);
      // Closed, or mounted again, while the answer was on its way: that attempt owns the frame.
      if (this.#closed || this.#attempt !== attempt) return null;
      if ('refused' in answer) {
        this.#call('onUnavailable', { reason: answer.refused });
        return null;
      }
      if ('code' in answer) {
        this.#call('onError', answer);
        throw new MountError(answer.message);
      }
      this.#frame = openFrame(container, this.#base, answer, this.#options.theme, (message) =>
        this.#hear(message),
      );
      return this.#frame.element;
    } finally {
      hidePlaceholder();
    }
  }

  #hear(message: Message): void {
    switch (message.type) {
      case 'ready':
        // A theme that was set while the page was loading would otherwise be lost.
        if (this.#options.theme) this.setTheme(this.#options.theme);
        this.#call('onReady', undefined);
        break;
      case 'success':
        this.#call('onSuccess', { txId: message.txId, sessionId: message.sessionId });
        break;
      case 'error':
        this.#call('onError', { code: message.code, message: message.message });
        break;
      case 'unavailable':
        this.#call('onUnavailable', { reason: message.reason });
        break;
      case 'close':
        this.#end(message.reason);
        break;
      case 'resize':
        break; // done by the frame itself
    }
  }

  #end(reason: string): void {
    this.#remove();
    this.#call('onClose', { reason });
  }

  #remove(): void {
    this.#closed = true;
    this.#frame?.remove();
    this.#frame = null;
    this.#mounting = null;
    this.#container = null;
  }

  /** A partner's callback that throws is the partner's to see, and stops nothing of ours. */
  #call<Name extends keyof GateHandlers>(
    name: Name,
    payload: Parameters<NonNullable<GateHandlers[Name]>>[0],
  ): void {
    const handler = this.#handlers[name] as ((payload: unknown) => void) | undefined;
    try {
      handler?.(payload);
    } catch (error) {
      setTimeout(() => {
        throw error;
      });
    }
  }
}

function baseOf({ apiBase }: GateOptions): string {
  const base = apiBase ?? script;
  if (!base)
    throw new TypeError('apiBase is missing: this script does not know where it came from');
  return new URL(base, location.href).origin;
}
