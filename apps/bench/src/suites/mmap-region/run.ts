/**
 * lucet's benchmarks of running guests, and those of several threads. No bounds: they are for comparison with its figures. Its
 * `par_*_manual_signals` have no counterpart, for no signal handler is installed here, and its `context` and `compile` suites
 * measure what the engine does; `run_hello` is a WASI program, of which apps/wasi has larger ones.
 *
 * @see lucet `benchmarks/lucet-benchmarks/src/seq.rs`, `par.rs`
 *
 * @module
 */

import { WasmRegion } from "@memkit/mmap-region";
import { type Instance, newInstanceBuilder, WasmModule } from "@memkit/mmap-region/instance";
import { MmapRegion } from "@memkit/mmap-region/mmap";
import { crew } from "../../crew.js";
import { driverOrThrow } from "../../native-driver.js";
import type { Block, Row, SelfTimed, Suite } from "../../suite.js";

/**
 * Two functions on a memory of one page: `null` does nothing, `fib` adds its two predecessors.
 *
 * ```wat
 * (module (memory 1)
 *   (func (export "null"))
 *   (func $fib (export "fib") (param i32) (result i32)
 *     (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
 *       (then (local.get 0))
 *       (else (i32.add
 *         (call $fib (i32.sub (local.get 0) (i32.const 1)))
 *         (call $fib (i32.sub (local.get 0) (i32.const 2))))))))
 * ```
 */
const HEX =
  "0061736d0100000001090260000060017f017f03030200010503010001070e02046e756c6c00000366696200010a2102" +
  "02000b1c002000410249047f200005200041016b1001200041026b10016a0b0b";
const bytesOf = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
const BYTES: Uint8Array<ArrayBuffer> = bytesOf(HEX);

/**
 * `many` returns the last of its 60 parameters; `hostcalls` calls `host.call`, of 16 parameters, 1,000 times. What the originals call
 * raw and wrapped are one here: the engine wraps every call.
 *
 * ```wat
 * (module (import "host" "call" (func $call (param i32 (; 16 of them ;)) (result i32))) (memory 1)
 *   (func (export "many") (param i32 (; 60 of them ;)) (result i32) (local.get 59))
 *   (func (export "hostcalls") (local i32)
 *     (loop (drop (call $call (i32.const 0) (; ... ;) (i32.const 15)))
 *       (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000))))))
 * ```
 */
const CALLS: Uint8Array<ArrayBuffer> = bytesOf(
  "0061736d0100000001580360107f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f017f603c7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f" +
    "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f017f60" +
    "0000020d0104686f73740463616c6c000003030201020503010001071402046d616e79000109686f737463616c6c7300" +
    "020a3e020400203b0b3701017f03404100410141024103410441054106410741084109410a410b410c410d410e410f10" +
    "001a200041016a220041e807490d000b0b",
);
const MANY: readonly number[] = Array.from({ length: 60 }, (_, i) => i);
const HOST_CALLS = 1000;

/** The argument of `fib` in lucet's benchmark. */
const FIB = 25;

type Guest = Instance<ReturnType<WasmRegion["newInstance"]>>;

const instance = (): Guest =>
  newInstanceBuilder(WasmRegion.create(1), new WasmModule(BYTES)).build();

const caller = (): Guest =>
  newInstanceBuilder(WasmRegion.create(1), new WasmModule(CALLS))
    .withImports({
      host: { call: (...args: number[]) => args.length },
    })
    .build();

/** Threads: one, and as many as the machine that the figures come from has cores. */
const THREADS = [1, 2];

const file = (name: string): URL => new URL(`../../crews/${name}.mjs`, import.meta.url);

async function nativeSlots(threads: number): Promise<SelfTimed> {
  const region = MmapRegion.create(await driverOrThrow(), threads * 2, {}, { shared: true });
  const handles = Array.from({ length: threads }, () => region.share());
  return crew(file("native-slots"), threads, handles);
}

const parallel = (name: string, what: string, make: Row["make"]): Row => ({
  name,
  role: "ours",
  what: `${what}, by so many threads at the same time`,
  n: THREADS,
  make,
});

const suite: Suite = {
  title: "lucet-benchmarks: guests, and threads",
  statistic: "mean",
  rows: [
    {
      name: "run_null",
      role: "ours",
      what: "instance.run of a function that does nothing",
      make: (): Block => {
        const guest = instance();
        return () => {
          let sum = 0;
          for (let n = 0; n < 1024; n++) sum += guest.run("null") === undefined ? 1 : 0;
          return sum;
        };
      },
    },
    {
      name: "run_fib",
      role: "ours",
      what: `instance.run of fib(${FIB})`,
      ops: 1,
      make: (): Block => {
        const guest = instance();
        return () => guest.run("fib", FIB) as number;
      },
    },
    {
      name: "run_many_args",
      role: "ours",
      what: "instance.run of a function of 60 parameters",
      make: (): Block => {
        const guest = caller();
        return () => {
          let sum = 0;
          for (let n = 0; n < 1024; n++) sum += guest.run("many", ...MANY) as number;
          return sum;
        };
      },
    },
    {
      name: "run_hostcall",
      role: "ours",
      what: "a call by the guest of a function of 16 parameters, of 1,000 in one run",
      ops: HOST_CALLS,
      make: (): Block => {
        const guest = caller();
        return () => (guest.run("hostcalls") === undefined ? 1 : 0);
      },
    },
    parallel("par_instantiate", "newInstance and drop in one native region", nativeSlots),
    parallel("par_run_null", "an instance, one call of nothing, drop", (threads) =>
      crew(file("wasm-runs"), threads, { bytes: BYTES, name: "null" }),
    ),
    parallel("par_run_fib", `an instance, fib(${FIB}), drop`, (threads) =>
      crew(file("wasm-runs"), threads, { bytes: BYTES, name: "fib", argument: FIB }),
    ),
  ],
  checks: [],
};

export default suite;
