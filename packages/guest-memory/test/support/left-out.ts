/**
 * What only some hosts can be tested for: `(JSPI ? it : leftOut("no JSPI here"))("...", () => {...})`. A test that is
 * there and skipped would count as failed (scripts/count-tests.mjs).
 */
export const leftOut =
  (why: string) =>
  (name: string, _run: unknown): void =>
    console.info(`left out: ${name}: ${why}`);
