/**
 * Started as a process of its own by kill.test.ts: what would end a process that is not careful. Arguments: which of them, one after
 * the other. Prints JSON, by name.
 */

import { rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadDriver } from "../../src/driver.js";
import { RegionError } from "../../src/index.js";
import { type Guest, loadImage, Pool, saveImage, snapshot } from "../../src/snapshot.js";
import { shares } from "./image-shares.js";
import { imageOf, imports, MODULE } from "./pool-guests.js";

const { driver } = await loadDriver();
if (driver === undefined) throw new Error("no driver");

/** A memory of 1 MiB whose bytes are all 3, and whether it is that. */
function memoryOf3(): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: 16 });
  new Uint8Array(memory.buffer).fill(3);
  return memory;
}
const is3 = ({ buffer }: WebAssembly.Memory): boolean =>
  new Uint8Array(buffer).every((byte) => byte === 3);

const CASES: Readonly<Record<string, () => unknown>> = {
  "memory is counted": () => shares(driver),
  /** Mapped files that are cut short end the process with SIGBUS. */
  "the file is cut short": () => {
    const path = join(tmpdir(), `memkit-kill-${process.pid}`);
    saveImage(snapshot(memoryOf3(), { driver }), path);
    const image = loadImage(path, { driver, engine: "discard" });
    const memory = new WebAssembly.Memory({ initial: 16 });
    image.apply(memory);
    truncateSync(path, 0);
    const after = is3(memory);
    image.reset(memory);
    rmSync(path);
    return [after, is3(memory), image.choice(memory).engine];
  },
  /** Nine tenths of all mappings are in use. */
  "mappings run out": () => {
    const early = snapshot(memoryOf3(), { driver });
    const first = new WebAssembly.Memory({ initial: 16 });
    early.apply(first);
    // Every other page with another access: two mappings for each, announced as everybody does, to the last one.
    const address = driver.reserve(driver.budget.maxMappings * 4096);
    let page = 0;
    for (const atOnce of [500, 50, 5, 1]) {
      try {
        for (;;) {
          driver.budget.charge(2 * atOnce);
          for (const end = page + 2 * atOnce; page < end; page += 2) {
            driver.protect(address + page * 4096, 4096, "read");
          }
        }
      } catch (error) {
        if (!(error instanceof RegionError)) throw error;
      }
    }
    const memory = memoryOf3();
    const answers: unknown[] = [];
    for (const engine of ["discard", "scan+undo"] as const) {
      try {
        snapshot(memory, { driver, engine }).apply(memory);
      } catch (error) {
        answers.push(error instanceof RegionError ? error.code : error);
      }
    }
    const image = snapshot(memory, { driver });
    image.apply(memory);
    new Uint8Array(memory.buffer).fill(1);
    image.reset(memory);
    // What is mapped already goes on.
    new Uint8Array(first.buffer).fill(1);
    early.reset(first);
    const free = Buffer.alloc(2 ** 26, 1).length;
    return [...answers, image.choice(memory).engine, is3(memory), is3(first), free];
  },
  /** Run under a limit of address space that a few memories fill. */
  "address space runs out": async () => {
    const image = imageOf({ driver });
    const pool = Pool.of(image, MODULE, { maximum: 1000, imports });
    const guests: Guest[] = [];
    let refused: unknown;
    while (refused === undefined && guests.length < 100) {
      try {
        guests.push((await pool.checkout()).value);
      } catch (error) {
        refused = error;
      }
    }
    for (const guest of guests) guest.call("poke", 4);
    for (const guest of guests) guest.reset();
    const sums = guests.map((guest) => guest.call("peek"));
    return [refused instanceof RangeError, guests.length > 1, sums.every((sum) => sum === 0)];
  },
};

const told: Record<string, unknown> = {};
for (const name of process.argv.slice(2)) told[name] = await CASES[name]!();
process.stdout.write(JSON.stringify(told));
process.exit(0);
