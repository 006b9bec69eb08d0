/**
 * A guest that is no Python: it keeps what it can in each kind of state that a module has, none of it exported.
 *
 *     (module
 *       (memory 4)
 *       (global $visits (mut i32) (i32.const 0))
 *       (table 2 funcref)
 *       (elem (i32.const 0) $first $again)
 *       (func $first (result i32) (i32.const 1))
 *       (func $again (result i32) (i32.const 2))
 *       (func (export "visit") (result i32)
 *         ;; $visits += 1; i32[65536] += 1
 *         ;; result = $visits * 10000 + i32[65536] * 100 + table[0]()
 *         ;; table[0] = table[1]
 *       ))
 *
 * @module
 */

import type { Driver } from "@memkit/mmap-region/driver";
import { exposeState } from "@memkit/mmap-region/expose-state";
import { type Guest, Pool, snapshot, track } from "@memkit/mmap-region/snapshot";

const MODULE =
  "0061736d010000000105016000017f03040300000004040170000205030100040606017f0141000b07090105766973697400020908010041000b0200010a4703040041010b040041020b3b00230041016a2400418080044180800428020041016a36020023004190ce006c4180800428020041e4006c6a41001100006a41004101250026000b";

/** What `visit` answers when nobody has visited before. */
export const FIRST_VISIT: number = 10_101;

/** Guests of it, pristine for each visitor. */
export async function guestPool(driver: Driver | undefined, maximum: number): Promise<Pool<Guest>> {
  const bytes = new Uint8Array(Buffer.from(MODULE, "hex"));
  const module = new WebAssembly.Module(await exposeState(bytes));
  const first = new WebAssembly.Instance(module);
  track(first);
  return Pool.of(snapshot(first, { driver }), module, { maximum });
}

/** What a visitor is told. */
export function visit(guest: Guest): number {
  return guest.call("visit") as number;
}
