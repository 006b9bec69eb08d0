/**
 * From the implementation of a described function to what wasm imports.
 *
 * Everything that the description decides is decided once, when the function is bound. Functions of few parameters have a
 * closure of their own for each number of them: the engine learns per closure text, and one text for all, or rest
 * parameters, doubles what a call costs. No JavaScript is generated, so content security policies
 * matter no more than for the guest itself.
 *
 * A call converts its arguments from left to right, checks where results will go, and only then runs the implementation:
 * a call with a bad pointer has done nothing. (wiggle finds a bad result pointer after it has run.) Several results are
 * stored in order.
 *
 * @see wiggle `generate/src/funcs.rs`
 * @module
 */

import type { GuestMemory } from "../guest-memory.js";
import { finish, give, refuseBorrows } from "./finish.js";
import { lift, liftAddress, otherCount, type Raw } from "./lift.js";
import type { MemoryCell } from "./memory-cell.js";
import { answer, Step } from "./outcome.js";
import type { Plan, Slot } from "./signature.js";

/** What wasm calls. */
export type RawFunction = (...raw: Raw[]) => unknown;

/** An implementation, whatever its types. */
export type Method = (...args: unknown[]) => unknown;

/** What a bound function is made of. */
interface Bound {
  readonly plan: Plan;
  readonly cell: MemoryCell;
  readonly self: object;
  readonly method: Method;
}

/** Closures for functions of 0, 1, 2 and 3 parameters that fit into four numbers, a result's address included. */
const SMALL: readonly ((bound: Bound) => Small)[] = [of0, of1, of2, of3];

/** Called with fewer numbers where there are fewer: what is not there is not looked at. */
type Small = (a: Raw, b: Raw, c: Raw, d: Raw) => unknown;

/** Binds `method`, which is called on `self`, as `plan` says. */
export function hostFunction(
  plan: Plan,
  cell: MemoryCell,
  self: object,
  method: Method,
): RawFunction {
  const bound: Bound = { plan, cell, self, method };
  const { params, outs, signature } = plan;
  const fits = signature.params.length <= 4 && outs.length <= 1 && !plan.async && !plan.noreturn;
  const small = fits ? SMALL[params.length] : undefined;
  return small === undefined ? ofMany(bound) : (small(bound) as RawFunction);
}

function of0({ plan, cell, self, method }: Bound): Small {
  const [out] = plan.outs;
  return (a) => {
    let step = 0;
    let mem: GuestMemory;
    let to = 0;
    let result: unknown;
    try {
      mem = cell.memory ?? cell.find(plan);
      if (out !== undefined) {
        step = Step.outs;
        to = place(out, mem, a);
      }
      step = Step.run;
      result = method.call(self);
    } catch (raised) {
      return fail(plan, cell, step, raised);
    }
    return give(plan, mem, result, to);
  };
}

function of1({ plan, cell, self, method }: Bound): Small {
  const [p] = plan.params as [Slot];
  const [out] = plan.outs;
  return (a, b, c) => {
    let step = 0;
    let mem: GuestMemory;
    let to = 0;
    let result: unknown;
    try {
      mem = cell.memory ?? cell.find(plan);
      const x = lift(p, mem, a, b);
      if (out !== undefined) {
        step = Step.outs;
        to = place(out, mem, out.at === 1 ? b : c);
      }
      step = Step.run;
      result = method.call(self, x);
    } catch (raised) {
      return fail(plan, cell, step, raised);
    }
    return give(plan, mem, result, to);
  };
}

function of2({ plan, cell, self, method }: Bound): Small {
  const [p, q] = plan.params as unknown as [Slot, Slot];
  const [out] = plan.outs;
  return (a, b, c, d) => {
    let step = 0;
    let mem: GuestMemory;
    let to = 0;
    let result: unknown;
    try {
      mem = cell.memory ?? cell.find(plan);
      const x = lift(p, mem, a, b);
      step = 1;
      const y = q.at === 1 ? lift(q, mem, b, c) : lift(q, mem, c, d);
      if (out !== undefined) {
        step = Step.outs;
        to = place(out, mem, out.at === 2 ? c : d);
      }
      step = Step.run;
      result = method.call(self, x, y);
    } catch (raised) {
      return fail(plan, cell, step, raised);
    }
    return give(plan, mem, result, to);
  };
}

function of3({ plan, cell, self, method }: Bound): Small {
  const [p, q, r] = plan.params as unknown as [Slot, Slot, Slot];
  const [out] = plan.outs;
  return (a, b, c, d) => {
    let step = 0;
    let mem: GuestMemory;
    let to = 0;
    let result: unknown;
    try {
      mem = cell.memory ?? cell.find(plan);
      const x = lift(p, mem, a, b);
      step = 1;
      const y = q.at === 1 ? lift(q, mem, b, c) : lift(q, mem, c, d);
      step = 2;
      const z = r.at === 2 ? lift(r, mem, c, d) : lift(r, mem, d, 0);
      if (out !== undefined) {
        step = Step.outs;
        to = place(out, mem, d);
      }
      step = Step.run;
      result = method.call(self, x, y, z);
    } catch (raised) {
      return fail(plan, cell, step, raised);
    }
    return give(plan, mem, result, to);
  };
}

/** Any number of parameters and results. */
function ofMany({ plan, cell, self, method }: Bound): RawFunction {
  const { params, outs } = plan;
  const end = finish(plan);
  return (...raw) => {
    let step = 0;
    let mem: GuestMemory;
    const to: number[] = [];
    let result: unknown;
    try {
      // An import that may be suspended has no type that the engine would have compared.
      if (raw.length !== plan.signature.params.length) otherCount(plan, raw.length);
      mem = cell.memory ?? cell.find(plan);
      const args: unknown[] = [];
      for (; step < params.length; step++) {
        const slot = params[step] as Slot;
        args.push(lift(slot, mem, raw[slot.at] as Raw, raw[slot.at + 1] as Raw));
      }
      for (let i = 0; i < outs.length; i++) {
        step = Step.outs + i;
        const slot = outs[i] as Slot;
        to.push(place(slot, mem, raw[slot.at] as Raw));
      }
      step = Step.run;
      result = method.apply(self, args);
    } catch (raised) {
      return fail(plan, cell, step, raised);
    }
    return end(plan, mem, result, outs.length === 1 ? (to[0] as number) : to);
  };
}

/** Where a result will be stored: in bounds and aligned. Borrows may change until then, and are asked then. */
function place(slot: Slot, mem: GuestMemory, raw: Raw): number {
  const at = liftAddress(slot, mem, raw);
  const { size, align } = slot.layout;
  const good = at + size <= mem.views.u8.length && (at & (align - 1)) === 0;
  return good ? at : mem.validate(at, 1, size, align);
}

function fail(plan: Plan, cell: MemoryCell, step: number, raised: unknown): number {
  const errno = answer(plan, step, raised);
  if (cell.memory !== undefined) refuseBorrows(plan, cell.memory);
  return errno;
}
