/**
 * Started as a process of its own by kill.test.ts: the proportional set size that one memory of an image adds, and that
 * twenty add, all of whose pages are read. Prints bytes. Argument: MiB of the image.
 */

import { readFileSync } from "node:fs";
import { loadDriver } from "../../src/driver.js";
import { snapshot } from "../../src/snapshot.js";

const MIB = 2 ** 20;
const length = Number(process.argv[2] ?? 16) * MIB;
const { driver } = await loadDriver();
const collect = (globalThis as { gc?: () => void }).gc;

/** Every page that the process can reach, by its share. `man 5 proc`: /proc/pid/smaps_rollup. */
function shareNow(): number {
  for (let n = 0; n < 3; n++) collect?.(); // arrays that were copied from go with the second
  const text = readFileSync("/proc/self/smaps_rollup", "utf8");
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
}

const memories: WebAssembly.Memory[] = [];
function read(memory: WebAssembly.Memory): void {
  let sum = 0;
  for (let at = 0, bytes = Buffer.from(memory.buffer); at < length; at += 4096) sum += bytes[at]!;
  if (sum !== length / 4096) throw new Error("not the image");
  memories.push(memory);
}

const before = shareNow();
const source = new WebAssembly.Memory({ initial: length / 65536 });
for (let at = 0, bytes = Buffer.from(source.buffer); at < length; at += 4096) bytes[at] = 1;
const image = snapshot(source, { driver, engine: "scan+undo" });
image.apply(source);
read(source);
const one = shareNow() - before;
while (memories.length < 20) {
  const memory = new WebAssembly.Memory({ initial: length / 65536 });
  image.apply(memory);
  read(memory);
}
process.stdout.write(JSON.stringify({ one, twenty: shareNow() - before, image: length }));
