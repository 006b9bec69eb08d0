/**
 * Putting a memory back of which the guest reads every page each time. A scan grows with the pages that are there; a discard makes
 * all of them fault again: so the reset is given alone, and together with the next reading.
 *
 * @module
 */

import {
  type EngineName,
  guestOf,
  MAPPING_ENGINES,
  readAll,
  roleOf,
  setRow,
  sizes,
  touch,
} from "../../snapshots.js";
import { type Block, type Row, ratio, type SelfTimed, type Suite } from "../../suite.js";

/** Resets in one reading, of which the median counts, as in rows that are timed for us. */
const TIMES = 15;

const alone = (engine: EngineName, n: readonly number[]): Row => ({
  name: `${engine} reset`,
  role: roleOf(engine),
  what: "all pages read, one written; the reset alone",
  ...sizes(n),
  make: async (mebibytes): Promise<SelfTimed> => {
    const { bytes, reset } = await guestOf(mebibytes, engine);
    return {
      nsPerOp: () => {
        const spent = Array.from({ length: TIMES }, () => {
          readAll(bytes);
          touch(bytes, 1);
          const start = performance.now();
          reset();
          return performance.now() - start;
        }).sort((a, b) => a - b);
        return spent[(TIMES - 1) / 2]! * 1e6;
      },
    };
  },
});

const withReading = (engine: EngineName): Row => ({
  name: `${engine} request`,
  role: roleOf(engine),
  what: "all pages read, one written, and the reset",
  ops: 1,
  ...sizes([]),
  make: async (mebibytes): Promise<Block> => {
    const { bytes, reset } = await guestOf(mebibytes, engine);
    return () => {
      const sum = readAll(bytes);
      touch(bytes, 1);
      reset();
      return sum;
    };
  },
});

const suite: Suite = {
  title: "putting back a memory of which every page was read, by MiB",
  rows: [
    setRow([64]),
    ...MAPPING_ENGINES.map((engine) => alone(engine, [64])),
    ...MAPPING_ENGINES.map(withReading),
    withReading("copy"),
  ],
  checks: [
    {
      id: "snapshot.read.reset",
      unit: "x set",
      ...ratio("auto reset@64", "set@64"),
      atMost: 1 / 10,
    },
  ],
};

export default suite;
