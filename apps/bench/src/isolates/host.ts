/**
 * The process behind isolate.ts: sets a module up, and times a batch of its blocks whenever it is asked to. It ends when
 * the process that asks does.
 *
 * @module
 */

import type { Isolated } from "../isolate.js";

/** Blocks before the first reading: enough for the optimising compiler. */
const WARM_UP_BLOCKS = 2000;
/** Blocks a reading: some milliseconds. */
const BLOCKS = 1000;

const { make, ops } = (await import(process.argv[2]!)) as Isolated;
const block = make(process.argv[3]!);
let sink = 0;
for (let i = 0; i < WARM_UP_BLOCKS; i++) sink += block();

process.on("message", () => {
  const start = process.hrtime.bigint();
  for (let i = 0; i < BLOCKS; i++) sink += block();
  const ns = Number(process.hrtime.bigint() - start) / (BLOCKS * ops);
  process.send?.(Number.isNaN(sink) ? Number.NaN : ns); // a sum that is used cannot be optimised away
});
process.on("disconnect", () => process.exit());
