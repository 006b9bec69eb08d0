/**
 * The process behind the suite snapshot.share: gives memories one image, reads all their pages, and prints what part of the
 * system's memory the process then answers for, beyond what it did before. Argument: MiB of the image.
 *
 * A page that n mappings show counts as an n-th for each (`man 5 proc`, `Pss`), so that memory is counted once.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { type Image, snapshot } from "@memkit/mmap-region/snapshot";
import { driverOrThrow } from "../native-driver.js";
import { readAll } from "../snapshots.js";

const MEMORIES = 20;

const length = Number(process.argv[2]) * 2 ** 20;
const driver = await driverOrThrow();
const collect = (globalThis as { gc?: () => void }).gc;

function shareNow(): number {
  for (let n = 0; n < 3; n++) collect?.(); // arrays that were copied from go with the second
  const text = readFileSync("/proc/self/smaps_rollup", "utf8");
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
}

const memories: WebAssembly.Memory[] = [];
let sum = 0;
function show(image: Image, memory: WebAssembly.Memory): void {
  image.apply(memory);
  sum += readAll(new Uint8Array(memory.buffer));
  memories.push(memory);
}
const newMemory = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: length / 65536 });

const before = shareNow();
const source = newMemory();
new Uint8Array(source.buffer).fill(1);
const image = snapshot(source, { driver });
show(image, source);
const one = shareNow() - before;
while (memories.length < MEMORIES) show(image, newMemory());
const all = shareNow() - before;
if (sum !== (MEMORIES * length) / 4096) throw new Error("not the image");
process.stdout.write(JSON.stringify({ one, all }));
