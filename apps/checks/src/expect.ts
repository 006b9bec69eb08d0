/** What a generated example calls in place of its comments. The names cannot collide with an example's own. */

import { deepStrictEqual } from "node:assert";

/**
 * Where a claim was reached and held. Whoever runs an example compares: a claim in a branch that was never taken, or
 * one whose failure the example itself caught, is missing here.
 */
export const held: Set<string> = new Set();

/** `actual // => expected` */
export function __equal(actual: unknown, expected: unknown, where: string): void {
  try {
    deepStrictEqual(actual, expected);
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`);
  }
  held.add(where);
}

/** Nothing thrown, or something that does not bear every one of `names` as its name or code, is an error. */
function judge(
  thrown: { error: unknown } | undefined,
  names: readonly string[],
  where: string,
): void {
  if (thrown === undefined) throw new Error(`${where}: did not throw ${names.join(" ")}`);
  const { name, code } = thrown.error as { name?: unknown; code?: unknown };
  if (!names.every((wanted) => wanted === name || wanted === code)) {
    throw new Error(`${where}: threw ${String(name)} ${String(code)}: ${String(thrown.error)}`);
  }
  held.add(where);
}

/** `statement // throws code` */
export function __throws(run: () => void, names: readonly string[], where: string): void {
  let thrown: { error: unknown } | undefined;
  try {
    run();
  } catch (error) {
    thrown = { error };
  }
  judge(thrown, names, where);
}

/** `await statement // throws code` */
export async function __throwsLater(
  run: () => Promise<void>,
  names: readonly string[],
  where: string,
): Promise<void> {
  let thrown: { error: unknown } | undefined;
  try {
    await run();
  } catch (error) {
    thrown = { error };
  }
  judge(thrown, names, where);
}
