import type { ComponentChildren } from 'preact';
import { AlertIcon, InfoIcon } from './icons';

/** A sentence that matters now. Errors interrupt a screen reader, the others wait their turn. */
export function Notice({
  tone,
  children,
}: {
  tone: 'info' | 'warning' | 'error';
  children: ComponentChildren;
}) {
  return (
    <div class={`notice notice-${tone}`} role={tone === 'error' ? 'alert' : 'status'}>
      {tone === 'info' ? <InfoIcon /> : <AlertIcon />}
      <div class="notice-text">{children}</div>
    </div>
  );
}
