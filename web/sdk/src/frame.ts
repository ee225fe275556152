// The one iframe: made, listened to, spoken to, taken away.
import type { Opened } from './bootstrap';
import { type Message, readMessage } from './messages';
import type { Theme } from './options';

export interface Frame {
  element: HTMLIFrameElement;
  say: (type: 'theme' | 'close', payload: object) => void;
  remove: () => void;
}

const FIRST_HEIGHT_PX = 480;

export function openFrame(
  container: Element,
  base: string,
  opened: Opened,
  theme: Theme | undefined,
  onMessage: (message: Message) => void,
): Frame {
  const element = document.createElement('iframe');
  element.title = 'Secure checkout';
  element.allow = 'payment; clipboard-write';
  element.referrerPolicy = 'no-referrer';
  // `color-scheme: normal` keeps the browser from painting a white ground behind a dark frame.
  Object.assign(element.style, {
    display: 'block',
    width: '100%',
    height: `${FIRST_HEIGHT_PX}px`,
    border: '0',
    colorScheme: 'normal',
  });
  element.src = address(base, opened, theme);

  // The frame answers for its own origin only while it shows our page, so both are checked.
  const origin = new URL(base).origin;
  const hear = (event: MessageEvent) => {
    if (event.origin !== origin || event.source !== element.contentWindow) return;
    const message = readMessage(event.data);
    if (message?.type === 'resize') element.style.height = `${message.height}px`;
    else if (message) onMessage(message);
  };
  addEventListener('message', hear);
  container.append(element);

  return {
    element,
    say: (type, payload) =>
      element.contentWindow?.postMessage({ source: '0gate', version: 1, type, payload }, origin),
    remove: () => {
      removeEventListener('message', hear);
      element.remove();
    },
  };
}

/** The token rides in the fragment, which no server log and no Referer sees. */
function address(base: string, opened: Opened, theme: Theme | undefined): string {
  const fragment = new URLSearchParams({ token: opened.token });
  if (theme) fragment.set('theme', theme);
  if (opened.primaryColor) fragment.set('primary_color', opened.primaryColor);
  const path = [opened.partner, opened.mode].map(encodeURIComponent).join('/');
  return `${base}/embed/${path}#${fragment}`;
}
