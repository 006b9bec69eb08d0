/** Puts another agent's work between two atomic accesses of this one. */

/** Runs `work`, with `between` before its nth atomic access. @returns whether there was one */
export function interrupted(nth: number, between: () => void, work: () => void): boolean {
  let left = nth;
  const real = { load: Atomics.load, store: Atomics.store, swap: Atomics.compareExchange };
  const restore = (): void => {
    Object.assign(Atomics, { load: real.load, store: real.store, compareExchange: real.swap });
  };
  const count = (): void => {
    left -= 1;
    if (left >= 0) return;
    restore();
    between();
  };
  const at = <A extends unknown[], R>(access: (...args: A) => R) => {
    return (...args: A): R => {
      count();
      return access(...args);
    };
  };
  // Overloaded: as functions of whatever they are given.
  const [load, store, swap] = [real.load, real.store, real.swap] as ((...args: never[]) => never)[];
  Object.assign(Atomics, { load: at(load!), store: at(store!), compareExchange: at(swap!) });
  try {
    work();
  } finally {
    restore();
  }
  return left < 0;
}
