/** The memo behind an address, if it has one. A text is called so: one of digits looks like a number. */
export function WithMemo({ memo, isText }: { memo: string | null; isText: boolean | null }) {
  if (memo === null) return null;
  return (
    <>
      {' '}
      with the {isText ? 'text memo' : 'memo'} <span class="mono">{memo}</span>
    </>
  );
}
