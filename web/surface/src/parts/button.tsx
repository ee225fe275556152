import type { ComponentChildren } from 'preact';

interface ButtonProps {
  children: ComponentChildren;
  kind?: 'primary' | 'plain' | 'danger';
  type?: 'button' | 'submit';
  /** The action it started is under way. */
  busy?: boolean;
  disabled?: boolean;
  onClick?: () => void;
}

/**
 * While it cannot be used it stays focusable, so that a keyboard user is not thrown back to the
 * top of the page; clicks are ignored instead.
 */
export function Button({
  children,
  kind = 'primary',
  type = 'button',
  busy = false,
  disabled = false,
  onClick,
}: ButtonProps) {
  const idle = busy || disabled;
  return (
    <button
      type={type}
      class={`button button-${kind}`}
      aria-disabled={idle}
      data-busy={busy}
      onClick={(event) => {
        if (idle) event.preventDefault();
        else onClick?.();
      }}
    >
      <span class="button-text">{children}</span>
      {busy && <span class="spinner" aria-hidden="true" />}
    </button>
  );
}

export function LinkButton({
  children,
  disabled = false,
  onClick,
}: {
  children: ComponentChildren;
  disabled?: boolean;
  onClick: () => void;
}) {
  return (
    <button
      type="button"
      class="link"
      aria-disabled={disabled}
      onClick={() => {
        if (!disabled) onClick();
      }}
    >
      {children}
    </button>
  );
}
