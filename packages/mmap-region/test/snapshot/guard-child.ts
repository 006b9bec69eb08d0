/**
 * Started as a process of its own by guards.test.ts, for guards may end it: which problem there is, and what becomes of loads, stores
 * and images of a memory with guards. Prints JSON. Argument: the driver.
 */

import { loadDriver, type NativeDriverName } from "../../src/driver.js";
import { RegionError } from "../../src/index.js";
import {
  discard,
  guard,
  guardProblem,
  guardsOf,
  renewGuards,
  snapshot,
} from "../../src/snapshot.js";
import { residentBytes } from "../support/proc-maps.js";
import { GUEST, instantiate } from "../wat.js";

const { driver } = await loadDriver({ only: process.argv[2] as NativeDriverName });
if (driver === undefined) throw new Error("no driver");
const memory = new WebAssembly.Memory({ initial: 4, maximum: 8 });
const guest = instantiate(GUEST, { memory });
const bytes = (): Uint8Array => new Uint8Array(memory.buffer);
bytes().fill(1);

const problem = guardProblem(memory, driver);
/** `trap` where the guest traps. */
const tried = (act: () => unknown): unknown => {
  try {
    return act() ?? "ok";
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return "trap";
    if (error instanceof RegionError) return error.code;
    throw error;
  }
};
const answers: unknown[] = [tried(() => guard(memory, driver, 4096, 8192))];
const load = (at: number): unknown => tried(() => guest.load!(at));
const store = (at: number): unknown => tried(() => guest.store!(at, 2));
if (problem === undefined) {
  guard(memory, driver, 65536, 4096, "read");
  guard(memory, driver, 8192, 4096, "read-write");
  answers.push(guardsOf(memory).map(({ offset, access }) => `${offset} ${access}`));
  const all = (): unknown[] => [
    ...[4095, 4096, 8191, 8192, 65536].map(load),
    ...[4095, 4096, 65536].map(store),
  ];
  answers.push(all());
  for (const engine of ["scan+undo", "discard", "copy"] as const) {
    const image = snapshot(memory, { driver, engine, grown: "clear" });
    image.apply(memory);
    guest.store!(20000, 3);
    image.reset(memory);
    answers.push([engine, guest.load!(20000), [...image.dirtyPages(memory)], ...all()]);
    image.close();
  }
  // What was written before it was guarded is put back all the same.
  const image = snapshot(memory, { driver, engine: "scan+undo", grown: "clear" });
  image.apply(memory);
  guest.store!(40960, 9);
  guard(memory, driver, 40960, 4096);
  image.reset(memory);
  guard(memory, driver, 40960, 4096, "read-write");
  answers.push(guest.load!(40960));
  memory.grow(1);
  const opened = load(4096);
  renewGuards(memory);
  answers.push([opened, load(4096)]);
  memory.grow(1);
  image.reset(memory);
  answers.push(load(4096));
  discard(memory, 0, 262144, driver);
  answers.push(load(20000), load(4096));
  image.close();
}
const large = new WebAssembly.Memory({ initial: 1024 });
const start = residentBytes();
new Uint8Array(large.buffer).fill(1);
const full = residentBytes();
discard(large, 0, 2 ** 26, driver);
const after = residentBytes();
const mebibytes = [full - start, after - start].map((n) => Math.round(n / 2 ** 20));
process.stdout.write(JSON.stringify({ problem, answers, mebibytes }));
