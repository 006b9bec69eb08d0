/** Programs that come to an end before they are entered: imports that nobody has, and start functions. */

import { GuestError } from "@memkit/guest-memory";
import { WASM_PAGE_SIZE, WasmRegion } from "@memkit/mmap-region";
import { expect, it } from "vitest";
import type { HostOptions } from "../src/host.js";
import { Program } from "../src/program.js";
import { WasiError } from "../src/wasi-error.js";
import { assemble, temporaryDirectory, watFor } from "./harness.js";

const region = WasmRegion.create(1, { heapMemorySize: 8 * WASM_PAGE_SIZE });

/** What starting a program throws. Nothing may be left open: the region's only slot is free again. */
function failure(wat: string, options: HostOptions = {}): unknown {
  try {
    Program.compile(assemble(wat).bytes, 8).instantiate(region, options).close();
    return undefined;
  } catch (error) {
    expect(region.freeSlots).toBe(1);
    return error;
  }
}

const starting = (body: string): string =>
  watFor(`(func $first ${body}) (start $first) (func (export "_start"))`);

it.each([
  ["exits", "(call $proc_exit (i32.const 3))", { code: "exit", status: 3 }],
  [
    "passes a bad pointer",
    "(drop (call $random_get (i32.const -1) (i32.const 2)))",
    { code: "ptr-out-of-bounds" },
  ],
  ["traps", "unreachable", { code: "guest-trap" }],
])("a start function that %s: the same typed error as from run", (_what, body, expected) => {
  const error = failure(starting(body), {
    preopens: [{ host: temporaryDirectory(), guest: "/data" }],
  });
  expect(error).toBeInstanceOf(GuestError);
  expect(error).toMatchObject(expected);
});

it.each([
  ["another module's function", '(import "env" "f" (func))'],
  ["a function that preview1 has not", '(import "wasi_snapshot_preview1" "nope" (func))'],
])("a program that imports %s is not a command", (_what, imported) => {
  const error = failure(`(module ${imported} (memory 1) (func (export "_start")))`);
  expect(error).toBeInstanceOf(WasiError);
  expect(error).toMatchObject({ code: "not-a-command", cause: expect.any(Error) });
});
