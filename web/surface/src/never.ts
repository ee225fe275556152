/** Ends a switch over a union: a new member fails to compile until somebody decides what it means. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
