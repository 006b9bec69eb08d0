/**
 * A checked read of a u32 in a process where something happened before: a memory grew, a resizable memory was used.
 *
 * Growth takes the slow path once, and V8 from then on keeps a call in the loop: nobody can prevent that. One view of a resizable buffer that passes through a read site makes V8 compile the site for both kinds from then on,
 * four times slower. Ours must never let one through (core's CORE-3), so nothing may change for the others.
 *
 * @module
 */

import { isolate } from "../../isolate.js";
import { ratio, type Suite } from "../../suite.js";

const READER = new URL("../../isolates/read-u32.ts", import.meta.url);

const suite: Suite = {
  title: "checked read of a u32, after growth and after a resizable memory was used",
  rows: [
    {
      name: "fresh",
      role: "floor",
      what: "GuestMemory.readU32 in a new process",
      make: () => isolate(READER, "fresh"),
    },
    {
      name: "after-growth",
      role: "ours",
      what: "the same after another memory grew",
      make: () => isolate(READER, "after-growth"),
    },
    {
      name: "after-resizable",
      role: "ours",
      what: "the same after 20,000 reads of a resizable memory",
      make: () => isolate(READER, "after-resizable"),
    },
  ],
  checks: [
    {
      id: "guest-memory.read-isolated.after-resizable",
      ...ratio("after-resizable", "fresh"),
      atMost: 1.2,
      unit: "x itself",
    },
  ],
};

export default suite;
