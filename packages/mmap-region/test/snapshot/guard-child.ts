/**
 * Started as a process of its own by guards.test.ts, for guards may end it: which problem there is, and what becomes of loads, stores
 * and images of a memory with guards. Prints JSON. Argument: the driver.
 */

import { type Driver, loadDriver, type NativeDriverName } from "../../src/driver.js";
import { RegionError } from "../../src/index.js";
import {
  discard,
  guard,
  guardProblem,
  guardsOf,
  Pool,
  renewGuards,
  snapshot,
} from "../../src/snapshot.js";
import { residentBytes } from "../support/proc-maps.js";
import { GUEST, instantiate, wat } from "../wat.js";

const GROWER = wat(`(module (memory (export "memory") 2 6)
  (func $grow (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "growAndTrap") (drop (call $grow)) unreachable)
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))`);

const { driver } = await loadDriver({ only: process.argv[2] as NativeDriverName });
if (driver === undefined) throw new Error("no driver");
const memory = new WebAssembly.Memory({ initial: 4, maximum: 8 });
const guest = instantiate(GUEST, { memory });
const bytes = (): Uint8Array => new Uint8Array(memory.buffer);
bytes().fill(1);

const problem = guardProblem(memory, driver, { growth: "renew" });
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
const growth = { growth: "renew" } as const;
const put = (offset: number, length: number, access?: "none" | "read" | "read-write"): void =>
  guard(memory, driver, offset, length, access, growth);
const answers: unknown[] = [
  tried(() => guard(memory, driver, 4096, 8192)), // it can grow
  tried(() => put(4096, 8192)),
];
const load = (at: number): unknown => tried(() => guest.load!(at));
const store = (at: number): unknown => tried(() => guest.store!(at, 2));
if (problem === undefined) {
  put(65536, 4096, "read");
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
  put(40960, 4096);
  image.reset(memory);
  guard(memory, driver, 40960, 4096, "read-write");
  answers.push(guest.load!(40960));
  // Growth opens guards: by JavaScript for no time, by a guest until somebody asks.
  memory.grow(1);
  answers.push(load(4096));
  guest.grow!(1);
  const opened = load(4096);
  renewGuards(memory);
  answers.push([opened, load(4096)]);
  guest.grow!(1);
  image.reset(memory);
  answers.push(load(4096));
  discard(memory, 0, 262144, driver);
  answers.push(load(20000), load(4096));
  image.close();
}
if (problem === undefined) answers.push(...(await grownWithin(driver)));

/** Of calls that came through a guest's exports or `lease.run`, the end is seen, however they end. */
async function grownWithin(driver: Driver): Promise<unknown[]> {
  const module = new WebAssembly.Module(GROWER);
  const source = snapshot(new WebAssembly.Instance(module), { driver });
  const pool = Pool.of(source, module, { maximum: 1 });
  const lease = await pool.checkout();
  const within = lease.value.memory as WebAssembly.Memory;
  guard(within, driver, 4096, 4096, "none", growth);
  const raw = lease.value.instance.exports as Record<string, (at: number) => number>;
  const told: unknown[] = [];
  for (const call of ["grow", "growAndTrap"]) {
    tried(() => lease.value.call(call));
    told.push(tried(() => raw.load!(4096)));
  }
  tried(() => lease.run(() => raw.grow!(1)));
  told.push(tried(() => raw.load!(4096)));
  void lease.run(async () => raw.grow!(1));
  told.push(tried(() => raw.load!(4096)));
  // At its maximum it cannot grow any more.
  guard(within, driver, 8192, 4096);
  told.push(
    within.buffer.byteLength / 65536,
    tried(() => raw.load!(8192)),
  );
  lease.poison();
  lease.release();
  await pool.close();
  source.close();
  return told;
}

const large = new WebAssembly.Memory({ initial: 1024 });
const start = residentBytes();
new Uint8Array(large.buffer).fill(1);
const full = residentBytes();
discard(large, 0, 2 ** 26, driver);
const after = residentBytes();
const mebibytes = [full - start, after - start].map((n) => Math.round(n / 2 ** 20));
process.stdout.write(JSON.stringify({ problem, answers, mebibytes }));
