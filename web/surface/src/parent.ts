// The conversation with the partner's page around us. It goes to one exact origin, the one that
// the embed token was made for, and listens to nobody else.
import { asTheme, type Theme } from './entry';

export type Message =
  | { type: 'ready'; payload: Record<string, never> }
  | { type: 'resize'; payload: { height: number } }
  | { type: 'success'; payload: { sessionId: string; txId: string } }
  | { type: 'error'; payload: { code: string; message: string } }
  | { type: 'close'; payload: { reason: string } }
  | { type: 'unavailable'; payload: { reason: string } };

export interface ParentHandlers {
  onTheme: (theme: Theme) => void;
  onClose: () => void;
}

export class Parent {
  readonly #window: Window;
  readonly #origin: string;
  readonly #once = new Set<Message['type']>();

  constructor(parent: Window, origin: string) {
    this.#window = parent;
    this.#origin = origin;
  }

  say(message: Message): void {
    this.#window.postMessage({ source: '0gate', version: 1, ...message }, this.#origin);
  }

  /** For what happens once in the life of a page, however often it is drawn. */
  sayOnce(message: Message): void {
    if (this.#once.has(message.type)) return;
    this.#once.add(message.type);
    this.say(message);
  }

  listen(handlers: ParentHandlers): () => void {
    const hear = (event: MessageEvent<unknown>) => {
      if (event.origin !== this.#origin || event.source !== this.#window) return;
      const message = readMessage(event.data);
      if (message?.type === 'close') handlers.onClose();
      const theme = message?.type === 'theme' ? asTheme(message.theme) : null;
      if (theme) handlers.onTheme(theme);
    };
    addEventListener('message', hear);
    return () => removeEventListener('message', hear);
  }
}

function readMessage(data: unknown): { type: unknown; theme: unknown } | null {
  if (typeof data !== 'object' || data === null) return null;
  const message = data as Record<string, unknown>;
  if (message.source !== '0gate' || message.version !== 1) return null;
  const payload = message.payload;
  const theme = typeof payload === 'object' && payload !== null ? { ...payload } : {};
  return { type: message.type, theme: (theme as Record<string, unknown>).theme };
}
