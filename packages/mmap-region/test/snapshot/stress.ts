/**
 * Started as a process of its own, because it may crash: random memories, images, writes, resets, growth and garbage collection, with
 * every reset compared with what was snapshotted. `node ... stress.ts <seconds> [seed]`
 */

import { loadDriver } from "../../src/driver.js";
import { snapshot } from "../../src/snapshot.js";

const seconds = Number(process.argv[2] ?? 3);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
let state = seed | 1;
/** xorshift32, Marsaglia 2003. */
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

const { driver } = await loadDriver();
const engines = ["auto", "scan+undo", "discard", "copy"] as const;
const collect = (globalThis as { gc?: () => void }).gc;
const pattern = (length: number): Uint8Array => new Uint8Array(length).fill(1 + random(255));

interface Live {
  readonly memory: WebAssembly.Memory;
  readonly image: ReturnType<typeof snapshot>;
  readonly expected: Uint8Array;
}
const live: Live[] = [];

function make(): Live {
  const memory = new WebAssembly.Memory({ initial: 1 + random(40), maximum: 64 });
  const expected = pattern(memory.buffer.byteLength);
  new Uint8Array(memory.buffer).set(expected);
  const engine = engines[random(driver === undefined ? 1 : engines.length)]!;
  const keepResident = random(2) * 2 ** 20;
  const image = snapshot(memory, { driver, engine, keepResident, grown: "clear" });
  image.apply(memory);
  return { memory, image, expected };
}

function check({ memory, image, expected }: Live): void {
  image.reset(memory);
  const bytes = Buffer.from(memory.buffer);
  if (bytes.compare(expected, 0, expected.length, 0, expected.length) !== 0) {
    throw new Error(`seed ${seed}: not the image after ${image.choice(memory).engine}`);
  }
  if (bytes.subarray(expected.length).some((byte) => byte !== 0)) {
    throw new Error(`seed ${seed}: not zero beyond the image`);
  }
}

let resets = 0;
const end = performance.now() + seconds * 1000;
while (performance.now() < end) {
  if (live.length < 8) live.push(make());
  const one = live[random(live.length)]!;
  const bytes = new Uint8Array(one.memory.buffer);
  for (let n = random(30); n > 0; n--) bytes[random(bytes.length)] = random(256);
  if (random(10) === 0) bytes.fill(random(256));
  if (random(20) === 0 && bytes.length < 60 * 65536) one.memory.grow(1);
  if (random(40) === 0) live[random(live.length)]!.image.apply(one.memory);
  else if (random(2) === 0) {
    try {
      check(one);
      resets++;
    } catch (error) {
      // Another's image was applied to it: its own is refused, and comes back by being applied.
      if ((error as { code?: string }).code !== "image-not-applied") throw error;
      one.image.apply(one.memory);
      check(one);
    }
  }
  if (random(50) === 0) {
    const [gone] = live.splice(random(live.length), 1);
    if (random(2) === 0) gone?.image.close(); // or it is lost, and the collector closes it
  }
  if (random(500) === 0) collect?.();
}
process.stdout.write(JSON.stringify({ seed, resets }));
