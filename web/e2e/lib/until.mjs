/**
 * Waits for something that can be seen from outside, by looking again and again.
 * @template T
 * @param {string} what for the sentence when it never comes
 * @param {() => T | Promise<T>} look
 * @param {{ patience_ms?: number }} [options]
 * @returns {Promise<NonNullable<T>>} the first thing seen that is truthy
 */
export async function until(what, look, { patience_ms = 20_000 } = {}) {
  const deadline = Date.now() + patience_ms;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
