/**
 * Putting a memory back of which little was used since it was last put back: 1 and 64 pages of 1 to 256 MiB.
 *
 * @module
 */

import {
  type EngineName,
  guestOf,
  MAPPING_ENGINES,
  roleOf,
  setRow,
  sizes,
  touch,
} from "../../snapshots.js";
import { type Block, type Row, ratio, type Suite } from "../../suite.js";

const touched = (pages: number, engine: EngineName, n: readonly number[]): Row => ({
  name: `${engine} ${pages}`,
  role: roleOf(engine),
  what: `pages written and put back by ${engine}: ${pages}`,
  ops: 1,
  ...sizes(n),
  make: async (mebibytes): Promise<Block> => {
    const { bytes, reset } = await guestOf(mebibytes, engine);
    return () => {
      touch(bytes, pages);
      reset();
      return bytes[0]!;
    };
  },
});

const suite: Suite = {
  title: "putting back a memory of which few pages were used, by MiB",
  rows: [
    setRow([64, 256]),
    ...MAPPING_ENGINES.map((engine) => touched(1, engine, engine === "auto" ? [1, 64, 256] : [])),
    touched(1, "copy", []),
    ...MAPPING_ENGINES.map((engine) => touched(64, engine, engine === "auto" ? [256] : [])),
  ],
  checks: [
    {
      id: "snapshot.reset.untouched",
      unit: "x set",
      ...ratio("auto 1@64", "set@64"),
      atMost: 1 / 1000,
    },
    {
      id: "snapshot.reset.length",
      unit: "x 1 MiB",
      ...ratio("auto 1@256", "auto 1@1"),
      atMost: 2,
    },
    {
      id: "snapshot.reset.dirty-64",
      unit: "x set",
      ...ratio("auto 64@256", "set@256"),
      atMost: 1 / 100,
    },
  ],
};

export default suite;
