/**
 * A call of an import from wasm, bound from a description, beside the import that a host writes by hand.
 *
 * Three shapes: one number; an enumeration and an i64 with a result in memory, as `clock_time_get`; a list with a result in
 * memory, as `fd_write`. By hand means what a careful host writes with `GuestMemory`, which V8 can inline into one function;
 * the bound ones share their code, as they do in a real host. Implementations do nothing but look at their arguments, except
 * in the last pair, where two iovecs are read.
 *
 * @module
 */

import { arrayPtr, enumeration, handle, ptr, struct, u8, u16, u32, u64 } from "@memkit/core";
import { type GuestArrayPtr, GuestMemory } from "@memkit/guest-memory";
import { bindings } from "@memkit/guest-memory/bindings";
import type { Block, Formula, Suite } from "../../suite.js";

/**
 * ```wat
 * (module
 *   (import "m" "tick" (func (param i32) (result i32)))
 *   (import "m" "clock" (func (param i32 i64 i32) (result i32)))
 *   (import "m" "write" (func (param i32 i32 i32 i32) (result i32)))
 *   (memory (export "memory") 1)
 *   ;; each calls its import as often as it is told, and adds up what it returns:
 *   (func (export "tick") (param i32) (result i32) ... (call 0 (i32.const 7)))
 *   (func (export "clock") (param i32) (result i32) ... (call 1 (i32.const 1) (i64.const 1000) (i32.const 16)))
 *   (func (export "write") (param i32) (result i32) ... (call 2 (i32.const 1) (i32.const 32) (i32.const 2) (i32.const 16))))
 * ```
 */
// biome-ignore format: one section of the module per line, the code by functions
const GUEST = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0,
  1, 21, 3, 96, 1, 127, 1, 127, 96, 3, 127, 126, 127, 1, 127, 96, 4, 127, 127, 127, 127, 1, 127,
  2, 30, 3, 1, 109, 4, 116, 105, 99, 107, 0, 0, 1, 109, 5, 99, 108, 111, 99, 107, 0, 1, 1, 109, 5, 119, 114, 105, 116, 101, 0, 2,
  3, 4, 3, 0, 0, 0,
  5, 3, 1, 0, 1,
  7, 33, 4, 6, 109, 101, 109, 111, 114, 121, 2, 0, 4, 116, 105, 99, 107, 0, 3, 5, 99, 108, 111, 99, 107, 0, 4, 5, 119, 114, 105, 116, 101, 0, 5,
  10, 96, 3,
  27, 1, 1, 127, 3, 64, 32, 1, 65, 7, 16, 0, 106, 33, 1, 32, 0, 65, 1, 107, 34, 0, 13, 0, 11, 32, 1, 11,
  32, 1, 1, 127, 3, 64, 32, 1, 65, 1, 66, 232, 7, 65, 16, 16, 1, 106, 33, 1, 32, 0, 65, 1, 107, 34, 0, 13, 0, 11, 32, 1, 11,
  33, 1, 1, 127, 3, 64, 32, 1, 65, 1, 65, 32, 65, 2, 65, 16, 16, 2, 106, 33, 1, 32, 0, 65, 1, 107, 34, 0, 13, 0, 11, 32, 1, 11,
]);

const CALLS = 1024;
const errno = enumeration(u16, ["success", "badf", "fault", "inval", "overflow"]).named("errno");
const clockid = enumeration(u32, ["realtime", "monotonic"]).named("clockid");
const ciovec = struct(["buf", ptr(u8)], ["len", u32]).named("ciovec");

/** What the three functions do, however they are called. */
class Host {
  ticks = 0;
  readonly #reads: boolean;

  constructor(reads: boolean) {
    this.#reads = reads;
  }
  tick(n: number): void {
    this.ticks += n;
  }
  clock(_id: number, precision: bigint): bigint {
    return precision;
  }
  write(_fd: number, iovs: GuestArrayPtr<typeof ciovec>): number {
    return this.#reads ? this.#sum(iovs) : iovs.len;
  }

  #sum({ mem, offsetBase, len }: GuestArrayPtr<typeof ciovec>): number {
    let total = 0;
    for (let i = 0; i < len; i++) total += mem.readU32(offsetBase + 8 * i + 4);
    return total;
  }
}

const described = bindings({
  module: "m",
  functions: {
    tick: { params: [["n", u32]], error: errno },
    clock: {
      params: [
        ["id", clockid],
        ["precision", u64],
      ],
      results: [u64],
      error: errno,
    },
    write: {
      params: [
        ["fd", handle],
        ["iovs", arrayPtr(ciovec)],
      ],
      results: [u32],
      error: errno,
    },
  },
});

/** The same by hand. */
function byHand(host: Host, memory: () => GuestMemory): WebAssembly.Imports {
  const { inval, fault } = errno.cases;
  return {
    m: {
      tick(n: number) {
        try {
          host.tick(n >>> 0);
          return 0;
        } catch {
          return fault;
        }
      },
      clock(id: number, precision: bigint, out: number) {
        try {
          if (id >>> 0 >= clockid.names.length) return inval;
          memory().writeU64(out, host.clock(id, BigInt.asUintN(64, precision)));
          return 0;
        } catch {
          return fault;
        }
      },
      write(fd: number, iovs: number, len: number, out: number) {
        try {
          const mem = memory();
          mem.writeU32(out, host.write(fd >>> 0, mem.arrayPtr(ciovec, iovs, len)));
          return 0;
        } catch {
          return fault;
        }
      },
    },
  };
}

type Make = (host: Host, memory: () => GuestMemory) => WebAssembly.Imports;
const bound: Make = (functions, memory) => described.imports({ memory, functions });

function calls(entry: "tick" | "clock" | "write", make: Make, reads = false): Block {
  let memory: GuestMemory | undefined;
  const imports = make(new Host(reads), () => memory as GuestMemory);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(GUEST), imports);
  const source = exports.memory as WebAssembly.Memory;
  memory = new GuestMemory(source);
  const run = exports[entry] as (calls: number) => number;
  const result = new DataView(source.buffer);
  return () => run(CALLS) + result.getUint32(16, true);
}

const fresh = (): Block => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  return () => {
    let sum = 0;
    for (let i = 0; i < CALLS; i++) sum += new DataView(memory.buffer).getUint32(16, true);
    return sum;
  };
};

/** What binding adds to a call, in D. */
const added = (name: string): Formula => ({
  value: ({ ns }) => (ns(`${name}-bound`) - ns(`${name}-hand`)) / ns("D"),
  floor: `${name}-hand`,
});

const shapes = [
  ["tick", "one u32, no result", () => calls("tick", byHand), () => calls("tick", bound)],
  [
    "clock",
    "an enumeration and a u64 to a u64",
    () => calls("clock", byHand),
    () => calls("clock", bound),
  ],
  [
    "write",
    "a handle and a list to a u32",
    () => calls("write", byHand),
    () => calls("write", bound),
  ],
  [
    "writev",
    "the same, two iovecs read",
    () => calls("write", byHand, true),
    () => calls("write", bound, true),
  ],
] as const;

const suite: Suite = {
  title: "a call of an import, bound from a description and by hand",
  rows: [
    ...shapes.flatMap(([name, what, hand, ours]) => [
      { name: `${name}-hand`, role: "floor" as const, what: `by hand: ${what}`, make: hand },
      { name: `${name}-bound`, role: "ours" as const, what: `bound: ${what}`, make: ours },
    ]),
    { name: "D", role: "peer", what: "new DataView(memory.buffer) for a read", make: fresh },
  ],
  checks: shapes.map(([name]) => ({
    id: `guest-memory.bindings.${name}-added-per-d`,
    ...added(name),
    atMost: 1.5,
    unit: "D more than by hand",
  })),
};

export default suite;
