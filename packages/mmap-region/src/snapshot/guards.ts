/**
 * Pages inside a wasm memory that a guest cannot use, or not write: its load or store there traps, as beyond the memory's end.
 *
 * Engines that let the system find accesses beyond the end (`SIGSEGV` becomes a trap) let it find these as well. Those that compare
 * each address first do not expect it, and the process ends: so before the first guard of a memory it is proved which kind this is,
 * without a crash: a page beyond the memory's end is made readable for a moment. Code that compares addresses traps there all
 * the same; code that does not reads it.
 *
 * Invariant MR-47: no access is taken away from a page of a memory on which this proof has not succeeded, and nothing of this
 * package reads or writes a page that is guarded: images are put back around guards, which are there again afterwards.
 * Who could break it: whoever makes a view of the memory and touches the page with JavaScript.
 *
 * @see V8 `src/trap-handler/trap-handler.h`
 *
 * @module
 */

import { sharedRegistry } from "@memkit/core";
import { badArgument, requireDriver } from "../argument.js";
import type { Access, Driver } from "../driver/driver.js";
import { processSegments } from "../driver/process-pages.js";
import { HOST_PAGE_SIZE } from "../page-size.js";
import { RegionError, wholeNumber } from "../region-error.js";
import { isMemory, type MemoryTarget } from "./targets.js";

/** A guarded run of pages. */
export interface GuardRange {
  /** Bytes from the start of the memory, a multiple of 4096. */
  readonly offset: number;
  /** Bytes, a multiple of 4096. */
  readonly length: number;
  /** What is left. */
  readonly access: "none" | "read";
}

interface Guards {
  readonly driver: Driver;
  /** In order, without overlap. */
  ranges: readonly GuardRange[];
  /** The buffer at which they were put up: another one means that the memory has grown, which opens all of them. */
  buffer: ArrayBufferLike;
}

const guarded: WeakMap<MemoryTarget, Guards> = sharedRegistry(
  "@memkit/mmap-region/guards/v1",
  () => new WeakMap<MemoryTarget, Guards>(),
);

/** A mapping with another access in the middle makes three of one. */
const MAPPINGS = 2;
/** What a 32-bit address and a 32-bit offset of an instruction can reach together is 8 GiB; Bun reserves half of it. */
const REACH: number = 4 * 2 ** 30;

/** (module (import "" "" (memory 0)) (func (export "") (param i32) (result i32) (i32.load8_u (local.get 0)))) */
const LOADER: Uint8Array<ArrayBuffer> = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 2, 6, 1, 0, 0, 2, 0, 0, 3, 2, 1, 0, 7,
  4, 1, 0, 0, 0, 10, 9, 1, 7, 0, 32, 0, 45, 0, 0, 11,
]);

/**
 * Why a memory cannot have guards here, in one sentence; undefined when it can.
 *
 * @throws {@link RegionError} `invalid-argument`
 */
export function guardProblem(memory: MemoryTarget, driver: Driver): string | undefined {
  requireMemory(memory);
  requireDriver(driver);
  if (guarded.has(memory)) return undefined;
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

/**
 * Takes access to pages of a memory away from its guests: loads and stores there throw `WebAssembly.RuntimeError`, and the guest can be
 * run again. A guard below a shadow stack ends its overflow, one at 0 ends null pointers, `"read"` keeps constants.
 *
 * Images are put back around guards, and guards stay over `apply` and `reset`. `memory.grow` opens all of them until the next
 * `reset`, or until {@link renewGuards}.
 *
 * Only loads and stores of wasm trap. **Whatever else touches the pages ends the process**: views of JavaScript (`fill`, `slice`,
 * `TextDecoder`, an inspector), the guest's own `memory.fill`, `memory.copy`, `memory.init` and atomics. So: for guests that are
 * trusted not to use those there, and hosts that check a guest's pointers against {@link guardsOf}.
 *
 * @param offset - Bytes from the start of the memory, a multiple of 4096.
 * @param length - Bytes, a multiple of 4096.
 * @param access - What is left. `"read-write"` takes the guard away.
 * @throws {@link RegionError} `invalid-argument`; `unsupported` where it would end the process, with the reason as in
 * {@link guardProblem}; `too-many-mappings`, `system-call-failed`
 *
 * @example
 * ```ts
 * import { loadDriver } from "@memkit/mmap-region/driver";
 * import { guard, guardProblem, guardsOf } from "@memkit/mmap-region/snapshot";
 *
 * const { driver } = await loadDriver();
 * const memory = new WebAssembly.Memory({ initial: 1 });
 * if (driver !== undefined && guardProblem(memory, driver) === undefined) {
 *   guard(memory, driver, 0, 4096); // null pointers trap
 *   guardsOf(memory); // => [{ offset: 0, length: 4096, access: "none" }]
 * }
 * ```
 */
export function guard(
  memory: MemoryTarget,
  driver: Driver,
  offset: number,
  length: number,
  access: Access = "none",
): void {
  requireMemory(memory);
  requireDriver(driver);
  requirePagesWithin(memory, offset, length);
  if (access !== "none" && access !== "read" && access !== "read-write") {
    throw badArgument("access", access, "must be none, read or read-write");
  }
  const problem = guardProblem(memory, driver);
  if (problem !== undefined) {
    const capability = `guard pages inside this memory: ${problem}`;
    throw new RegionError({ code: "unsupported", backend: "wasm", capability });
  }
  renewGuards(memory);
  const { buffer } = memory;
  driver.budget.charge(MAPPINGS);
  driver.protect(driver.addressOf(buffer as ArrayBuffer) + offset, length, access);
  const known = guarded.get(memory);
  const rest = known?.ranges.flatMap((range) => without(range, offset, offset + length)) ?? [];
  if (access !== "read-write") rest.push({ offset, length, access });
  rest.sort((a, b) => a.offset - b.offset);
  guarded.set(memory, { driver: known?.driver ?? driver, ranges: rest, buffer });
}

/** The guards of a memory, in order. */
export function guardsOf(memory: MemoryTarget): readonly GuardRange[] {
  return guarded.get(memory)?.ranges ?? [];
}

/**
 * Puts the guards up again after a memory has grown, if it has.
 *
 * @throws {@link RegionError} `system-call-failed`
 */
export function renewGuards(memory: MemoryTarget): void {
  const guards = guarded.get(memory);
  if (guards === undefined || guards.buffer === memory.buffer) return;
  close(memory, guards);
}

function close(memory: MemoryTarget, guards: Guards): void {
  const { driver, ranges } = guards;
  const address = driver.addressOf(memory.buffer as ArrayBuffer);
  for (const { offset, length, access } of ranges) {
    driver.protect(address + offset, length, access);
  }
  guards.buffer = memory.buffer;
}

/** Calls `act` while all pages are accessible; it may map over them. */
export function whileOpen<R>(memory: MemoryTarget, act: () => R): R {
  const guards = guarded.get(memory);
  if (guards === undefined || guards.ranges.length === 0) return act();
  const { driver } = guards;
  const { buffer } = memory;
  driver.protect(driver.addressOf(buffer as ArrayBuffer), buffer.byteLength, "read-write");
  try {
    return act();
  } finally {
    close(memory, guards);
  }
}

/** Whether any page from one offset to another is guarded. */
export function anyGuarded(ranges: readonly GuardRange[], from: number, to: number): boolean {
  for (const { offset, length } of ranges) {
    if (from < offset + length && offset < to) return true;
  }
  return false;
}

/** What is left of a range. */
function without(range: GuardRange, from: number, to: number): GuardRange[] {
  const { offset, access } = range;
  const end = offset + range.length;
  const before = { offset, length: Math.min(end, from) - offset, access };
  const behind = Math.max(offset, to);
  const after = { offset: behind, length: end - behind, access };
  return [before, after].filter(({ length }) => length > 0);
}

export function requireMemory(memory: MemoryTarget): void {
  if (!isMemory(memory)) throw badArgument("memory", memory, "must be a WebAssembly.Memory");
}

/** @throws {@link RegionError} `invalid-argument` for what are not whole pages of the memory */
export function requirePagesWithin(memory: MemoryTarget, offset: number, length: number): void {
  const end = memory.buffer.byteLength;
  for (const [argument, value] of [
    ["offset", offset],
    ["length", length],
  ] as const) {
    if (wholeNumber(argument, value, end) % HOST_PAGE_SIZE !== 0) {
      throw badArgument(argument, value, `must be a multiple of ${HOST_PAGE_SIZE}`);
    }
  }
  if (length === 0) throw badArgument("length", length, "must be at least a page");
  if (offset + length > end) {
    throw badArgument("length", length, `ends behind the memory's ${end} bytes`);
  }
}
