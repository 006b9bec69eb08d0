/**
 * An instance of a module with 4 MiB of dense data: mapped copy-on-write, against copied page by page. Mapping moves the cost to
 * the pages that are used, so it is given with so many of them written, too.
 *
 * @module
 */

import { MmapRegion, prepareImage } from "@memkit/mmap-region/mmap";
import { driverOrThrow } from "../../native-driver.js";
import { type Block, type Row, ratio, type Suite } from "../../suite.js";

const HEAP = 4 * 2 ** 20;
const HOST_PAGE = 4096;
/** As lucet's benchmarks of heaps with data. */
const SIZES = { heapMemorySize: 2 ** 30 };

function row(
  name: string,
  role: Row["role"],
  what: string,
  { mapped = true, warmSlots = 0, touched = 0 },
): Row {
  return {
    name,
    role,
    what,
    ops: 1,
    make: async (): Promise<Block> => {
      const driver = await driverOrThrow();
      const bytes = new Uint8Array(HEAP).map((_, n) => 1 + (n % 255));
      const module = { heap: { initialSize: HEAP }, initialData: [{ offset: 0, bytes }] };
      prepareImage(module, mapped ? driver : undefined);
      const region = MmapRegion.create(driver, 2, SIZES, { warmSlots });
      return () => {
        const slot = region.newInstance(module);
        if (touched > 0) {
          const heap = slot.u8("heap");
          for (let n = 0; n < touched; n++) heap[n * HOST_PAGE] = 0;
        }
        slot.drop();
        return slot.index + 1;
      };
    },
  };
}

const suite: Suite = {
  title: "newInstance and drop of 4 MiB of dense data",
  statistic: "mean",
  rows: [
    row("copy", "peer", "copied into fresh pages, as lucet does", { mapped: false }),
    row("map", "ours", "mapped copy-on-write, nothing touched", {}),
    row("affine", "ours", "the same with warmSlots: 1: the image is there", { warmSlots: 1 }),
    row("map 1", "ours", "mapped, 1 page written", { touched: 1 }),
    row("map 16", "ours", "mapped, 16 pages written", { touched: 16 }),
    row("map 256", "ours", "mapped, 256 pages written", { touched: 256 }),
    row("map 1024", "ours", "mapped, all 1,024 pages written", { touched: 1024 }),
  ],
  checks: [
    {
      id: "mmap-region.image.dense",
      unit: "x copy",
      ...ratio("map", "copy"),
      atMost: 1 / 50,
    },
  ],
};

export default suite;
