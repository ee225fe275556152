/** Both ends, which is what people compare. */
export function shorten(value: string): string {
  return value.length <= 20 ? value : `${value.slice(0, 8)}…${value.slice(-6)}`;
}
