/** The code under test from a copy of the package. */

import type { Lib } from "../world.js";

export async function libIn(copy: string): Promise<Lib> {
  const table = (await import(`${copy}/table.js`)) as Lib;
  const model = (await import(`${copy}/model.js`)) as Lib;
  return { ...table, ...model };
}
