/** Guests for the tests of pools: a memory of two pages, a global, and functions that change, trap, grow and call out. */

import { type Image, type SnapshotOptions, snapshot } from "../../src/snapshot.js";
import { nativeDrivers } from "../contract/drivers.js";
import { wat } from "../wat.js";

export const MODULE = new WebAssembly.Module(
  wat(`(module
    (import "env" "host" (func $host (result externref)))
    (memory (export "memory") 2 4)
    (global $n (export "n") (mut i32) (i32.const 0))
    (func (export "poke") (param i32)
      (global.set $n (local.get 0)) (i32.store (i32.const 5000) (local.get 0)))
    (func (export "peek") (result i32) (i32.add (global.get $n) (i32.load (i32.const 5000))))
    (func (export "trap") (i32.store (i32.const 0) (i32.const 1)) unreachable)
    (func $deep (export "deep") (call $deep))
    (func (export "grow") (drop (memory.grow (i32.const 1))))
    (func (export "fill") (memory.fill (i32.const 0) (i32.const 7) (i32.const 131072)))
    (func (export "out") (result externref) (call $host)))`),
);

export const nothing = (): void => undefined;
export const imports = (host: () => unknown = nothing): WebAssembly.Imports => ({ env: { host } });

/** An image of the module as it is new. */
export const imageOf = (options: SnapshotOptions = {}): Image =>
  snapshot(new WebAssembly.Instance(MODULE, imports()), options);

/** What there is to put memories back with. */
export const plans: readonly (readonly [string, SnapshotOptions])[] = [
  ["copies", {}],
  ...nativeDrivers.slice(0, 1).map((driver) => ["mapped images", { driver }] as const),
];
