/**
 * A kind of memory that guest memory must behave the same on, and what a suite needs to know of one.
 */

import type { MemorySource } from "@memkit/core";
import { GuestMemory, type GuestMemoryOptions } from "@memkit/guest-memory";
import { GuestAtomics } from "@memkit/guest-memory/atomics";

/** Bytes of a WebAssembly page. */
export const PAGE = 65_536;

/** One memory of some kind. */
export interface TestMemory {
  readonly source: MemorySource;
  /** Makes it longer by a page. */
  readonly grow?: () => void;
  /** Takes the last page away. */
  readonly shrink?: () => void;
  /** Does what spoils views (detach, exchange, resize); the length and the bytes stay as they are. */
  readonly churn?: (mem: GuestMemory) => void;
}

export interface MemoryKind {
  readonly name: string;
  readonly shared: boolean;
  readonly options: GuestMemoryOptions;
  /** Where the suites work: the start of the last page, so that the memory ends at `origin + PAGE`. */
  readonly origin: number;
  /** Why this host has none, if it has none. */
  readonly absent: string | undefined;
  /** Whether its memories churn before every step that the suite takes. */
  readonly restless: boolean;
  make(): TestMemory;
}

/** A kind: one zero page in a 32-bit guest, unless said otherwise. */
export function kind(
  name: string,
  make: () => TestMemory,
  more: Partial<Omit<MemoryKind, "name" | "make">> = {},
): MemoryKind {
  const quiet = { shared: false, options: {}, origin: 0, absent: undefined, restless: false };
  return { name, make, ...quiet, ...more };
}

/** The kind that churns, where this kind can: growth and exchange at the worst of times. */
export function restless(of: MemoryKind): readonly MemoryKind[] {
  if (of.make().churn === undefined) return [];
  return [{ ...of, restless: true, name: `${of.name} that moves before every step` }];
}

/** The reason, unless `made` can be made. */
export function absentUnless(reason: string, made: () => unknown): string | undefined {
  try {
    made();
    return undefined;
  } catch {
    return reason; // that it throws is what we wanted to know
  }
}

/** A GuestMemory to test, with addresses near its end. */
export interface Subject {
  readonly mem: GuestMemory;
  readonly atomics: GuestAtomics;
  readonly memory: TestMemory;
  /** Churns, whether or not the kind does so by itself; where it cannot, nothing happens. */
  churn(): void;
  /** The first address beyond the memory, before it grows. */
  readonly end: number;
  /** Address `origin + n`, as numbers in errors and guards have it. */
  abs(n: number): number;
  /** The same as a guest passes it: an i32 (negative from 2 GiB on) of a 32-bit guest. */
  at(n: number): number;
}

export function open(of: MemoryKind): Subject {
  const memory = of.make();
  const mem = new GuestMemory(memory.source, of.options);
  const atomics = new GuestAtomics(mem);
  const churn = (): void => memory.churn?.(mem);
  const abs = (n: number): number => of.origin + n;
  return {
    mem: of.restless ? churning(mem, churn) : mem,
    atomics: of.restless ? churning(atomics, churn) : atomics,
    memory,
    churn,
    end: of.origin + PAGE,
    abs,
    at: (n) => (mem.target === "wasm32" && abs(n) >= 2 ** 31 ? abs(n) - 2 ** 32 : abs(n)),
  };
}

/** What each of our proxies stands for. */
const targets = new WeakMap<object, object>();

/**
 * `object`, which behaves as before, except that `churn` runs whenever one of its properties is asked for. So it is
 * with whatever of ours its methods return: pointers and guards.
 */
function churning<T extends object>(object: T, churn: () => void): T {
  const wrap = (value: unknown): unknown => (isOurs(value) ? churning(value, churn) : value);
  const unwrap = (value: unknown): unknown => targets.get(value as object) ?? value;
  const proxy = new Proxy(object, {
    get: (target, name) => {
      churn();
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return wrap(value);
      // Private fields need the real `this`; and no code of ours must run in the middle of a call.
      return (...args: unknown[]) => wrap(value.apply(target, args.map(unwrap)));
    },
  });
  targets.set(proxy, object);
  return proxy;
}

/** Classes of the package under test are called Guest-something. */
function isOurs(value: unknown): value is object {
  return (
    typeof value === "object" && value !== null && /^(Unsafe)?Guest/.test(value.constructor?.name)
  );
}
