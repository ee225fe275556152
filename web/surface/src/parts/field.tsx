import type { ComponentChildren, InputHTMLAttributes } from 'preact';

interface FieldProps {
  id: string;
  label: string;
  error: string | null | undefined;
  hint?: ComponentChildren;
  input: InputHTMLAttributes<HTMLInputElement>;
  icon?: ComponentChildren;
}

export function Field({ id, label, error, hint, input, icon }: FieldProps) {
  return (
    <div class="field" data-invalid={Boolean(error)}>
      <label for={id}>{label}</label>
      <div class="control">
        <input {...input} {...described(id, error, hint)} />
        {icon}
      </div>
      <FieldNotes id={id} error={error} hint={hint} />
    </div>
  );
}

/** Ties a control to what is written below it. */
export function described(id: string, error: unknown, hint: unknown) {
  const notes = [error ? `${id}-error` : null, hint ? `${id}-hint` : null].filter(Boolean);
  return {
    id,
    'aria-invalid': Boolean(error),
    ...(notes.length > 0 ? { 'aria-describedby': notes.join(' ') } : {}),
  };
}

export function FieldNotes({
  id,
  error,
  hint,
}: {
  id: string;
  error: string | null | undefined;
  hint?: ComponentChildren;
}) {
  return (
    <>
      {error && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </>
  );
}
