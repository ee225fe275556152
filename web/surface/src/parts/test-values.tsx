/** More characters than this do not fit beside another value on a phone. */
const SHORT_CHARS = 20;

/** Values that the simulator knows, as buttons that fill them in. */
export function TestValues<Value extends { label: string }>({
  lead,
  values,
  shown,
  onPick,
}: {
  lead: string;
  values: readonly Value[];
  shown: (value: Value) => string;
  onPick: (value: Value) => void;
}) {
  if (values.length === 0) return null;
  const long = values.some((value) => shown(value).length > SHORT_CHARS);
  return (
    <section class="test-cards" aria-labelledby="test-values-title">
      <p id="test-values-title">
        <strong>Test mode.</strong> No money moves. {lead}
      </p>
      <div class={`test-card-list ${long ? 'long' : ''}`}>
        {values.map((value) => (
          <button type="button" class="test-card" key={shown(value)} onClick={() => onPick(value)}>
            <span>{value.label}</span>
            <span class="mono">{shown(value)}</span>
          </button>
        ))}
      </div>
    </section>
  );
}
