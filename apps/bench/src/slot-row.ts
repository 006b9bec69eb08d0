/**
 * Rows of slots that live in processes of their own.
 *
 * @module
 */

import { isolate } from "./isolate.js";
import type { Life } from "./isolates/slot-life.js";
import type { Row } from "./suite.js";

const FILE = new URL("./isolates/slot-life.ts", import.meta.url);

/** `life` in slots of each of these sizes in bytes; "memory" is what the others are held against. */
export const slotRow = (life: Life, what: string, sizes: readonly number[]): Row => ({
  name: life,
  role: life === "memory" ? "floor" : "ours",
  what,
  n: sizes,
  make: (bytes) => isolate(FILE, `${life} ${bytes}`),
});
