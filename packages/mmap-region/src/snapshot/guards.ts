/**
 * Pages inside a wasm memory that a guest cannot use, or not write: its load or store there traps, as beyond the memory's end.
 *
 * Before the first guard of a memory it is proved that the engine lets the system find such accesses, without a crash.
 *
 * Invariant MR-47: no access is taken away from a page of a memory on which this proof has not succeeded, and nothing of this
 * package reads or writes a page that is guarded: images are put back around guards, which are there again afterwards.
 * Who could break it: whoever makes a view of the memory and touches the page with JavaScript.
 *
 * @module
 */

import { sharedRegistry } from "@memkit/core";
import { badArgument, requireDriver, requireObject } from "../argument.js";
import type { Access, Driver } from "../driver/driver.js";
import { HOST_PAGE_SIZE } from "../page-size.js";
import { RegionError, wholeNumber } from "../region-error.js";
import { engineProblem, growthProblem } from "./guard-problem.js";
import { isMemory, type MemoryTarget } from "./targets.js";

/** How a guard is asked for. */
export interface GuardOptions {
  /**
   * What to do about growth, which makes all pages accessible again. `refuse` (the default) takes only memories that cannot grow:
   * those with a maximum that they have reached. `renew` takes others as well, and puts the guards up again when they can be:
   * after `memory.grow` of JavaScript at once, after a guest's own when its call returns that came through a `Guest`'s exports or
   * `lease.run`, at the latest at the next `reset` or {@link renewGuards}. Until then that guest can do what it likes to the pages.
   */
  readonly growth?: "refuse" | "renew" | undefined;
}

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

/** Whether there ever was a guard: each call of a guest asks when it ends, and mostly there was none. */
export const guardUse: { any: boolean } = sharedRegistry(
  "@memkit/mmap-region/guards-in-use/v1",
  () => ({
    any: false,
  }),
);

/** A mapping with another access in the middle makes three of one. */
const MAPPINGS = 2;
/**
 * Why a memory cannot have guards here, in one sentence; undefined when it can.
 *
 * @throws {@link RegionError} `invalid-argument`
 */
export function guardProblem(
  memory: MemoryTarget,
  driver: Driver,
  options: GuardOptions = {},
): string | undefined {
  requireMemory(memory);
  requireDriver(driver);
  const growth = growthOf(options);
  const problem = guarded.has(memory) ? undefined : engineProblem(memory, driver);
  return problem ?? (growth === "refuse" ? growthProblem(memory) : undefined);
}

function growthOf(options: GuardOptions): "refuse" | "renew" {
  requireObject("options", options);
  const growth = options.growth ?? "refuse";
  if (growth === "refuse" || growth === "renew") return growth;
  throw badArgument("growth", growth, "must be refuse or renew");
}

/**
 * Takes access to pages of a memory away from its guests: loads and stores there throw `WebAssembly.RuntimeError`, and the guest can be
 * run again. A guard below a shadow stack ends its overflow, one at 0 ends null pointers, `"read"` keeps constants.
 *
 * Images are put back around guards, and guards stay over `apply` and `reset`. Growth opens all of them: so a memory that can grow is
 * refused, or see {@link GuardOptions}.
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
 * const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
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
  options: GuardOptions = {},
): void {
  requireMemory(memory);
  requireDriver(driver);
  requirePagesWithin(memory, offset, length);
  if (access !== "none" && access !== "read" && access !== "read-write") {
    throw badArgument("access", access, "must be none, read or read-write");
  }
  // What opens a guard is never refused.
  const problem = guardProblem(
    memory,
    driver,
    access === "read-write" ? { growth: "renew" } : options,
  );
  if (problem !== undefined) {
    const capability = `guard pages inside this memory: ${problem}`;
    throw new RegionError({ code: "unsupported", backend: "wasm", capability });
  }
  if (!guarded.has(memory) && !Object.isExtensible(memory)) {
    throw badArgument("memory", memory, "must not be frozen: its method grow is replaced");
  }
  renewGuards(memory);
  const { buffer } = memory;
  driver.budget.charge(MAPPINGS);
  driver.protect(driver.addressOf(buffer as ArrayBuffer) + offset, length, access);
  const known = guarded.get(memory);
  const rest = known?.ranges.flatMap((range) => without(range, offset, offset + length)) ?? [];
  if (access !== "read-write") rest.push({ offset, length, access });
  rest.sort((a, b) => a.offset - b.offset);
  if (known === undefined) renewAtGrowth(memory);
  guardUse.any = true;
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

/** Emscripten's programs, for one, grow by JavaScript. */
function renewAtGrowth(memory: MemoryTarget): void {
  const { grow } = memory;
  const value = (...pages: unknown[]): unknown => {
    const before: unknown = Reflect.apply(grow, memory, pages);
    renewGuards(memory);
    return before;
  };
  Object.defineProperty(memory, "grow", { value, configurable: true, writable: true });
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
