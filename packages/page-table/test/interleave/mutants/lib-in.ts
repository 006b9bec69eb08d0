/** The code under test from a copy of the package. */

import type { Lib } from "../world.js";

const PARTS = ["table", "fork", "model", "shared"];

/** @param mutant - Whose turn it is in that copy from now on */
export async function libIn(copy: string, mutant: string): Promise<Lib> {
  const { turn } = (await import(`${copy}/turn.ts`)) as { readonly turn: { of: string } };
  turn.of = mutant;
  const parts = PARTS.map((part) => import(`${copy}/${part}.ts`));
  return Object.assign({}, ...(await Promise.all(parts))) as Lib;
}
