/** The code under test from a copy of the package. */

import type { Lib } from "../world.js";

export async function libIn(copy: string): Promise<Lib> {
  const parts = ["table", "fork", "model", "shared"].map((of) => import(`${copy}/${of}.js`));
  return Object.assign({}, ...(await Promise.all(parts))) as Lib;
}
