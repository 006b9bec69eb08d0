/**
 * The proportional set size that one memory of an image adds to the process, and that twenty add, all of whose pages are read. For a
 * process that has done nothing else yet, with `--expose-gc`.
 */

import { readFileSync } from "node:fs";
import type { Driver } from "../../src/driver.js";
import { snapshot } from "../../src/snapshot.js";

const LENGTH = 16 * 2 ** 20;
const collect = (globalThis as { gc?: () => void }).gc;

/** Every page that the process can reach, by its share. `man 5 proc`: /proc/pid/smaps_rollup. */
function shareNow(): number {
  for (let n = 0; n < 3; n++) collect?.(); // arrays that were copied from go with the second
  const text = readFileSync("/proc/self/smaps_rollup", "utf8");
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
}

/** In bytes. */
export interface Shares {
  readonly one: number;
  readonly twenty: number;
  readonly image: number;
}

export function shares(driver: Driver): Shares {
  const memories: WebAssembly.Memory[] = [];
  const read = (memory: WebAssembly.Memory): void => {
    let sum = 0;
    for (let at = 0, bytes = Buffer.from(memory.buffer); at < LENGTH; at += 4096) sum += bytes[at]!;
    if (sum !== LENGTH / 4096) throw new Error("not the image");
    memories.push(memory);
  };

  const before = shareNow();
  const source = new WebAssembly.Memory({ initial: LENGTH / 65536 });
  for (let at = 0, bytes = Buffer.from(source.buffer); at < LENGTH; at += 4096) bytes[at] = 1;
  const image = snapshot(source, { driver, engine: "scan+undo" });
  image.apply(source);
  read(source);
  const one = shareNow() - before;
  while (memories.length < 20) {
    const memory = new WebAssembly.Memory({ initial: LENGTH / 65536 });
    image.apply(memory);
    read(memory);
  }
  const twenty = shareNow() - before;
  image.close();
  return { one, twenty, image: LENGTH };
}
