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
  return (
    <section class="test-cards" aria-labelledby="test-values-title">
      <p id="test-values-title">
        <strong>Test mode.</strong> No money moves. {lead}
      </p>
      <div class="test-card-list">
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
