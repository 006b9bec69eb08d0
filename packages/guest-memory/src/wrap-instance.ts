/**
 * The way into a guest: exports that know whether entering is allowed, and why the guest came back.
 *
 *     READY --- a call returns or throws ---> READY
 *       |
 *       +-- trap(error), the guest's own trap, exit ---> ENDED (every later call throws `poisoned`)
 *
 * A trap leaves a guest half-way through an update of its own memory (its stack pointer included), so nothing that runs
 * in it afterwards means anything. An exit is no failure, yet the instance is finished in the same way.
 *
 * An export named as `promising` may be suspended while an import awaits. Until its promise settles the instance has
 * been entered, as in a nested call: other exports may be called (an allocator, say), but none that may be suspended too.
 * Two suspended calls would share the one stack that a compiled guest keeps in its memory, and the first to go on would
 * write over the other's frames.
 *
 * Invariant GM-12: no wrapped export enters the guest while the host holds a borrow, or after the guest has ended.
 * Invariant GM-13: a trap raised in a nested entry of the same instance stays a trap until the outermost one, so that no
 * frame of that guest in between can swallow it.
 * Invariant GM-33: at most one call of an instance is suspended at a time.
 * Who could break them: callers of raw exports, tables and `ref.func` values that reach the guest unwrapped, arguments
 * that borrow or end the guest while the engine converts them, and exports that were made to return promises by somebody
 * else, of which only the part before the first suspension is watched.
 *
 * @module
 */

import { isRecord, sharedRegistry } from "@memkit/core";
import { demandOption } from "./demand.js";
import { type Borrow, GuestError } from "./error.js";
import { isTrap } from "./is-trap.js";
import { promising } from "./jspi.js";
import { isCarried, trap, trapCause } from "./raise-trap.js";

/** What entering asks of a memory. A `GuestMemory` is one. */
export interface BorrowedMemory {
  /** Whether the guest must not run now. */
  hasOutstandingBorrows(): boolean;
  /** Which borrows forbid it. */
  outstandingBorrows(): readonly Borrow[];
}

/** A `WebAssembly.Instance`, or anything with its exports. */
export interface InstanceLike {
  readonly exports: object;
}

/** What {@link wrapInstance} has to know of an instance. */
export interface WrapOptions {
  /** The memory, or memories, that the instance works on. */
  readonly memory: BorrowedMemory | readonly BorrowedMemory[];
  /** Names of exports that may be suspended by an import that awaits: they return promises (`WebAssembly.promising`). */
  readonly promising?: readonly string[];
}

/** How far an instance has come; kept per instance, however often it is wrapped. */
interface Life {
  /** Entries that have not returned yet, a suspended one included. */
  depth: number;
  /** The export whose promise has not settled yet. */
  suspended: string | undefined;
  /** Why it ended, once it has. */
  end: { readonly error: unknown } | undefined;
}

const lives = (): WeakMap<object, Life> =>
  sharedRegistry("@memkit/guest-memory/instances/v1", () => new WeakMap());

/**
 * The instance's exports, functions wrapped, everything else as it is.
 *
 * Entering is refused while a borrow of `memory` is live (`reentered`, naming them) and after the instance has ended
 * (`poisoned`, with that end as `cause`). What {@link trap} was given comes out as thrown, unless it is an error of the
 * engine's; that, like a trap of the guest's own, comes out as `guest-trap` with the engine's error as `cause`. Plain exceptions pass unchanged and end nothing.
 *
 * Exports in `promising` return promises, which reject as the others throw. While one is pending another of them is refused
 * (`suspended`), and what another export is trapped with stays a trap, whose cause {@link trapCause} tells.
 *
 * @throws {@link GuestError} `invalid-option` for what is no instance, a memory that is no `GuestMemory`, or a name of
 * what is no export; `jspi-missing` if exports are to be promising and this host cannot suspend guests
 *
 * Raw exports are not seen: calls through `instance.exports`, or through a table, are neither refused nor translated.
 *
 * @typeParam E - the exports, for the compiler: `wrapInstance<{ run(n: number): number }>(instance, ...)`.
 *
 * @example
 * ```ts
 * import { GuestError, GuestMemory } from "@memkit/guest-memory";
 * import { trap, wrapInstance } from "@memkit/guest-memory/instance";
 *
 * const memory = new GuestMemory({ buffer: new ArrayBuffer(8) });
 * const instance = { exports: { run: (): never => trap(new GuestError({ code: "exit", status: 3 })) } };
 * const { run } = wrapInstance<{ run(): void }>(instance, { memory });
 * const codes: unknown[] = [];
 * for (let i = 0; i < 2; i++) {
 *   try {
 *     run();
 *   } catch (error) {
 *     codes.push(error instanceof GuestError && error.code);
 *   }
 * }
 * codes; // => ["exit", "poisoned"]
 * ```
 */
export function wrapInstance<E extends object = Record<string, (...args: unknown[]) => unknown>>(
  instance: InstanceLike,
  options: WrapOptions,
): E {
  demandOption(isRecord(instance?.exports), "instance.exports", instance?.exports);
  demandOption(isRecord(options), "options", options);
  const memories = [options.memory].flat(); // a copy: a list may change later
  for (const memory of memories) demandMemory(memory);
  const life = lifeOf(instance.exports);
  const { promising: awaited = [] } = options;
  demandOption(Array.isArray(awaited), "promising", awaited);
  for (const name of awaited) {
    const value: unknown = Object.hasOwn(instance.exports, name)
      ? (instance.exports as Readonly<Record<string, unknown>>)[name]
      : undefined;
    demandOption(typeof value === "function", "promising", name);
  }
  const wrap = (name: string, value: unknown): unknown => {
    if (typeof value !== "function") return value;
    const run = value as Callable;
    if (!awaited.includes(name)) {
      return shaped(run, (...args: unknown[]) => enter(life, memories, name, run, args));
    }
    const start = promising(run);
    return shaped(run, (...args: unknown[]) => enterSuspending(life, memories, name, start, args));
  };
  // fromEntries defines; assigning would take an export called "__proto__" for something else.
  const exports = Object.entries(instance.exports).map(([name, value]) => [
    name,
    wrap(name, value),
  ]);
  const wrapped = Object.freeze(Object.fromEntries(exports)) as E;
  lives().set(wrapped, life); // it may be wrapped again, and is still the same instance
  return wrapped;
}

/** A wrapper that says of itself what its export does: how many parameters it takes, above all. */
function shaped({ length, name }: Callable, wrapper: Callable): Callable {
  return Object.defineProperties(wrapper, { length: { value: length }, name: { value: name } });
}

/** A `WebAssembly.Memory` in this place would be found out only when the guest is entered. */
function demandMemory(memory: unknown): void {
  const { hasOutstandingBorrows, outstandingBorrows } = Object(memory) as Partial<BorrowedMemory>;
  const asked = [hasOutstandingBorrows, outstandingBorrows];
  demandOption(
    asked.every((method) => typeof method === "function"),
    "memory (a GuestMemory)",
    memory,
  );
}

type Callable = (...args: unknown[]) => unknown;

/** By its exports: an instance has one object of them, which may be handed on without the instance. */
function lifeOf(exports: object): Life {
  const present = lives().get(exports);
  if (present !== undefined) return present;
  const life: Life = { depth: 0, suspended: undefined, end: undefined };
  lives().set(exports, life);
  return life;
}

/** Refuses to enter an instance that has ended, or while a borrow is out. */
function demandEntry(life: Life, memories: readonly BorrowedMemory[], entry: string): void {
  if (life.end !== undefined) {
    throw new GuestError({ code: "poisoned", entry }, { cause: life.end.error });
  }
  for (const memory of memories) {
    if (memory.hasOutstandingBorrows()) {
      throw new GuestError({ code: "reentered", entry, borrows: memory.outstandingBorrows() });
    }
  }
}

function enter(
  life: Life,
  memories: readonly BorrowedMemory[],
  entry: string,
  run: Callable,
  args: unknown[],
): unknown {
  demandEntry(life, memories, entry);
  life.depth++;
  let result: unknown;
  try {
    result = run(...args);
  } catch (raised) {
    throw leave(life, entry, raised);
  } finally {
    life.depth--;
  }
  // A nested entry trapped and an import swallowed it: the guest ran on, but its result is worth nothing.
  if (endOf(life) !== undefined) throw ending(life, life.depth > 0, undefined);
  return result;
}

/** As {@link enter}, but the guest has come back only when the promise settles. */
async function enterSuspending(
  life: Life,
  memories: readonly BorrowedMemory[],
  entry: string,
  run: Callable,
  args: unknown[],
): Promise<unknown> {
  demandEntry(life, memories, entry);
  const { suspended } = life;
  if (suspended !== undefined) {
    const reason = `export ${entry} called while ${suspended} is suspended; await its promise first`;
    throw new GuestError({ code: "suspended", entry, suspended, reason });
  }
  life.depth++;
  life.suspended = entry;
  let result: unknown;
  try {
    result = await run(...args);
  } catch (raised) {
    throw leave(life, entry, raised);
  } finally {
    life.depth--;
    life.suspended = undefined;
  }
  if (endOf(life) !== undefined) throw ending(life, life.depth > 0, undefined);
  return result;
}

/** What to throw instead of `raised`, which just left the guest. */
function leave(life: Life, entry: string, raised: unknown): unknown {
  if (isTrap(raised) && life.end === undefined) {
    const cause = isCarried(raised) ? trapCause(raised) : raised;
    life.end = { error: isTrap(cause) ? guestTrap(entry, cause) : cause };
  }
  return life.end === undefined ? raised : ending(life, life.depth > 1, raised);
}

function guestTrap(entry: string, cause: Error): GuestError {
  return new GuestError({ code: "guest-trap", entry, reason: cause.message }, { cause });
}

/** The typed end at the outermost entry; in a `nested` one a trap, for outer frames of this guest (GM-13). */
function ending(life: Life, nested: boolean, raised: unknown): unknown {
  const error = life.end?.error;
  if (!nested) return error;
  if (isTrap(raised)) return raised;
  try {
    return trap(error);
  } catch (again) {
    return again;
  }
}

/** Read again after the guest ran: control-flow analysis cannot know that `run` changes it. */
function endOf(life: Life): Life["end"] {
  return life.end;
}
