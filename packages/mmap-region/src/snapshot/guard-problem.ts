/**
 * Whether a memory can have guards, found out without a crash.
 *
 * Engines that let the system find accesses beyond the end (`SIGSEGV` becomes a trap) let it find these as well. Those that compare
 * each address first do not expect it, and the process ends. Which kind this is: a page beyond the memory's end is made readable
 * for a moment. Code that compares addresses traps there all the same; code that does not reads it.
 *
 * @see V8 `src/trap-handler/trap-handler.h`
 *
 * @module
 */

import type { Driver } from "../driver/driver.js";
import { processSegments } from "../driver/process-pages.js";
import { HOST_PAGE_SIZE, WASM_PAGE_SIZE } from "../page-size.js";
import { encodeUnsigned } from "../wasm-reader.js";
import type { MemoryTarget } from "./targets.js";

/** What a 32-bit address and a 32-bit offset of an instruction can reach together is 8 GiB; Bun reserves half of it. */
const REACH: number = 4 * 2 ** 30;

/** (module (import "" "" (memory 0)) (func (export "") (param i32) (result i32) (i32.load8_u (local.get 0)))) */
const LOADER: Uint8Array<ArrayBuffer> = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 2, 6, 1, 0, 0, 2, 0, 0, 3, 2, 1, 0, 7,
  4, 1, 0, 0, 0, 10, 9, 1, 7, 0, 32, 0, 45, 0, 0, 11,
]);

/** An engine links a memory to an import of `maximum` pages only if its own maximum is no larger: no other way tells. */
export function growthProblem(memory: MemoryTarget): string | undefined {
  const pages = encodeUnsigned(memory.buffer.byteLength / WASM_PAGE_SIZE);
  // (module (import "" "" (memory 0 pages)))
  const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 2, 6 + pages.length, 1, 0, 0, 2, 1, 0, ...pages];
  const module = new WebAssembly.Module(Uint8Array.from(bytes));
  try {
    new WebAssembly.Instance(module, { "": { "": memory as WebAssembly.Memory } });
    return undefined;
  } catch {
    return "it can grow, which opens all guards (growth: renew allows that)"; // the link error is the answer
  }
}

export function engineProblem(memory: MemoryTarget, driver: Driver): string | undefined {
  if (!driver.capabilities.guards) return `the ${driver.name} driver has no guards`;
  const { buffer } = memory;
  if (!(buffer instanceof ArrayBuffer)) return "threads share the memory";
  const length = buffer.byteLength;
  if (length === 0) return "the memory is empty";
  const address = driver.addressOf(buffer);
  if (address % driver.pageSize !== 0) return "the memory does not begin with a page";
  if (!isReserved(address + length, REACH - length)) {
    return "the engine reserves nothing behind memories, so it compares addresses";
  }
  let load: (address: number) => unknown;
  try {
    const imports = { "": { "": memory as WebAssembly.Memory } };
    const instance = new WebAssembly.Instance(new WebAssembly.Module(LOADER), imports);
    load = instance.exports[""] as (address: number) => unknown;
  } catch {
    return "its addresses have 64 bits"; // what else a link error could be about has been asked
  }
  driver.protect(address + length, HOST_PAGE_SIZE, "read");
  try {
    load(length | 0);
    return undefined;
  } catch {
    return "the engine compares addresses"; // the trap is the answer
  } finally {
    driver.protect(address + length, HOST_PAGE_SIZE, "none");
  }
}

/** Whether nobody can access any of that much address space. */
function isReserved(address: number, length: number): boolean {
  const segments = processSegments() ?? [];
  return segments.some(
    (segment) =>
      segment.access === "none" &&
      segment.address <= address &&
      segment.address + segment.length >= address + length,
  );
}
