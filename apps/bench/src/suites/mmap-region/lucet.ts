/**
 * lucet's own benchmarks that are about regions, under its names. No bounds: they are for comparison with its figures.
 *
 * What it times apart is timed apart: instances are made in one run and dropped in another.
 *
 * @see lucet `benchmarks/lucet-benchmarks/src/seq.rs`, `par.rs`
 *
 * @module
 */

import type { ModuleSpec } from "@memkit/mmap-region";
import { MmapRegion, type MmapSlot, prepareImage } from "@memkit/mmap-region/mmap";
import { driverOrThrow } from "../../native-driver.js";
import type { Block, Row, SelfTimed, Suite } from "../../suite.js";

const KiB = 1024;
const PAGE = 4096;
/** Of the region in lucet's benchmarks of heaps. */
const SIZES = { heapMemorySize: 2 ** 30 };
const HELLO: ModuleSpec = { heap: { initialSize: 64 * KiB } };
/** Slots in a run: few enough that copies of 4 MiB fit into memory. */
const BATCH = 64;

/** A module with `kib` KiB of data, every `each`th page of them not zero. */
function heapModule(kib: number, each: number): ModuleSpec {
  const bytes = new Uint8Array(PAGE).fill(0xab);
  const pages = Math.ceil((kib * KiB) / (each * PAGE));
  const initialData = Array.from({ length: pages }, (_, n) => ({ offset: n * each * PAGE, bytes }));
  return { heap: { initialSize: Math.max(kib * KiB, 64 * KiB) }, initialData };
}

type Timed = "instantiate" | "drop_instance";

/** Times one half of the life of a batch of instances. */
function half(timed: Timed, module: ModuleSpec, mapped: boolean): () => Promise<SelfTimed> {
  return async () => {
    const driver = await driverOrThrow();
    prepareImage(module, mapped ? driver : undefined);
    const region = MmapRegion.create(driver, BATCH, SIZES);
    return {
      nsPerOp: () => {
        const slots: MmapSlot[] = [];
        const started = performance.now();
        for (let n = 0; n < BATCH; n++) slots.push(region.newInstance(module));
        const made = performance.now();
        for (const slot of slots) slot.drop();
        const dropped = performance.now();
        const ms = timed === "instantiate" ? made - started : dropped - made;
        return (ms * 1e6) / BATCH;
      },
    };
  };
}

function heapRows(
  kind: "dense" | "sparse",
  sizes: readonly number[],
  full: readonly number[],
): Row[] {
  const each = kind === "dense" ? 1 : 8;
  return (["instantiate", "drop_instance"] as const).flatMap((timed) =>
    [true, false].map(
      (mapped): Row => ({
        name: `${timed}_with_${kind}_heap${mapped ? "" : " copied"}`,
        role: mapped ? "ours" : "peer",
        what: mapped ? "KiB of data, mapped" : "KiB of data, copied as lucet does",
        n: sizes,
        nFull: full,
        make: (kib) => half(timed, heapModule(kib, each), mapped)(),
      }),
    ),
  );
}

const suite: Suite = {
  title: "lucet-benchmarks: instances and their heaps",
  statistic: "mean",
  rows: [
    {
      name: "hello_load_mkregion_and_instantiate",
      role: "ours",
      what: "a region of one slot, an instance, and the end of both",
      ops: 1,
      make: async (): Promise<Block> => {
        const driver = await driverOrThrow();
        return () => {
          const region = MmapRegion.create(driver, 1);
          const slot = region.newInstance(HELLO);
          slot.drop();
          region.close();
          return slot.index + 1;
        };
      },
    },
    {
      name: "hello_instantiate",
      role: "ours",
      what: "newInstance, 64 KiB of heap",
      make: half("instantiate", HELLO, false),
    },
    {
      name: "hello_drop_instance",
      role: "ours",
      what: "drop of the same",
      make: half("drop_instance", HELLO, false),
    },
    ...heapRows("dense", [0, 64, 1024, 4096], [4, 8, 16, 32, 128, 256, 512, 2048]),
    ...heapRows("sparse", [0, 1024, 4096], [256, 512, 2048]),
  ],
  checks: [],
};

export default suite;
