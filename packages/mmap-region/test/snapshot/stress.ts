/**
 * Started as a process of its own, because it may crash: random memories, tables and globals, images, increments, writes by JavaScript
 * and by guests, resets, growth, guards, pools and garbage collection. Every reset is compared with what was snapshotted, to the last
 * byte and element.
 * `node ... stress.ts <seconds> [seed]`; for minutes of it, stress-run.ts.
 */

import {
  discard,
  type Guest,
  guard,
  guardProblem,
  guardsOf,
  type Image,
  type InstanceTarget,
  Pool,
  snapshot,
  watchTable,
} from "../../src/snapshot.js";
import { nativeDrivers } from "../contract/drivers.js";
import { GUEST, instantiate } from "../wat.js";
import { imageOf, imports, MODULE } from "./pool-guests.js";

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
const fail = (what: string): never => {
  throw new Error(`seed ${seed}: ${what}`);
};

/** Each in its turn where there are two. */
const driver = nativeDrivers[seed % Math.max(1, nativeDrivers.length)];
const engines = ["auto", "scan+undo", "discard", "copy"] as const;
const collect = (globalThis as { gc?: () => void }).gc;

/** Longer than each of the memories here. */
const ZEROS = Buffer.alloc(64 * 65536);
const isZero = (bytes: Buffer): boolean => bytes.compare(ZEROS, 0, bytes.length) === 0;

const RENEW = { growth: "renew" } as const;

/** What an image must give back. */
interface State {
  readonly bytes: Uint8Array;
  readonly elements: readonly unknown[];
  readonly n: unknown;
}

interface Live {
  readonly memory: WebAssembly.Memory;
  readonly table: WebAssembly.Table;
  readonly global: WebAssembly.Global;
  readonly target: InstanceTarget;
  readonly guest: ReturnType<typeof instantiate>;
  /** Each with what it must give back. */
  readonly images: { readonly image: Image; readonly expected: State }[];
  /** The one that the memory shows. */
  now: number;
}
const live: Live[] = [];
const done = {
  memories: 0,
  resets: 0,
  applies: 0,
  increments: 0,
  growths: 0,
  guards: 0,
  traps: 0,
  leases: 0,
  collections: 0,
};

const elementsOf = (table: WebAssembly.Table): unknown[] =>
  Array.from({ length: table.length }, (_, index) => table.get(index));
const stateOf = ({ memory, table, global }: Pick<Live, "memory" | "table" | "global">): State => ({
  bytes: new Uint8Array(memory.buffer).slice(),
  elements: elementsOf(table),
  n: global.value,
});

function make(): Live {
  const memory = new WebAssembly.Memory({ initial: 1 + random(40), maximum: 64 });
  const bytes = new Uint8Array(memory.buffer);
  bytes.fill(1 + random(255), 0, random(bytes.length));
  const engine = engines[random(driver === undefined ? 1 : engines.length)]!;
  const keepResident = random(2) * 2 ** 20;
  const table = new WebAssembly.Table({ element: "externref", initial: random(20), maximum: 40 });
  if (random(2) === 0) watchTable(table);
  const global = new WebAssembly.Global({ value: "f64", mutable: true }, random(9));
  const target = { exports: { memory, table, global } };
  const image = snapshot(target, { driver, engine, keepResident, grown: "clear" });
  const images = [{ image, expected: stateOf({ memory, table, global }) }];
  image.apply(target);
  done.memories++;
  return { memory, table, global, target, guest: instantiate(GUEST, { memory }), images, now: 0 };
}

/** Nothing of JavaScript may touch a guarded page. */
function open({ memory }: Live): void {
  for (const { offset, length } of guardsOf(memory)) {
    guard(memory, driver!, offset, length, "read-write");
  }
}

function check(one: Live): void {
  open(one);
  const bytes = Buffer.from(one.memory.buffer);
  const { image, expected } = one.images[one.now]!;
  const { length } = expected.bytes;
  if (bytes.compare(expected.bytes, 0, length, 0, length) !== 0) {
    fail(`not the image after ${image.choice(one.memory).engine}`);
  }
  if (!isZero(bytes.subarray(length))) fail("not zero beyond the image");
  const elements = elementsOf(one.table);
  const same = expected.elements.every((value, index) => value === elements[index]);
  const beyond = elements.slice(expected.elements.length);
  if (!same || beyond.some((value) => value !== null)) fail("not the image's table");
  if (one.global.value !== expected.n) fail("not the image's global");
  done.resets++;
}

function write(one: Live): void {
  const { memory, guest, table, global } = one;
  global.value = random(9);
  for (let n = random(4); n > 0 && table.length > 0; n--) table.set(random(table.length), n);
  if (random(20) === 0 && table.length < 40) table.grow(1, "new");
  if (guardsOf(memory).length > 0) {
    for (let n = random(30); n > 0; n--) {
      try {
        guest.store!(random(memory.buffer.byteLength), random(256));
      } catch (error) {
        if (!(error instanceof WebAssembly.RuntimeError)) throw error;
        done.traps++;
      }
    }
    return;
  }
  const bytes = new Uint8Array(memory.buffer);
  for (let n = random(30); n > 0; n--) bytes[random(bytes.length)] = random(256);
  if (random(10) === 0) bytes.fill(random(256));
  if (random(10) === 0) {
    const page = random(bytes.length / 4096);
    discard(memory, page * 4096, 4096);
  }
}

function step(one: Live): void {
  const { memory, target, images } = one;
  write(one);
  if (random(20) === 0 && memory.buffer.byteLength < 60 * 65536) {
    if (random(2) === 0) memory.grow(1);
    else one.guest.grow!(1);
    done.growths++;
  }
  const { image } = images[one.now]!;
  const act = random(20);
  if (act < 8) {
    image.reset(target);
    check(one);
  } else if (act === 8) {
    image.trim(target);
    check(one);
  } else if (act === 9) {
    one.now = random(images.length);
    images[one.now]!.image.apply(target);
    done.applies++;
    check(one);
  } else if (act === 10 && images.length < 4) {
    open(one);
    const next = image.increment(target);
    images.push({ image: next, expected: stateOf(one) });
    done.increments++;
  } else if (
    act === 11 &&
    driver !== undefined &&
    guardProblem(memory, driver, RENEW) === undefined
  ) {
    const page = random(memory.buffer.byteLength / 4096);
    guard(memory, driver, page * 4096, 4096, random(2) === 0 ? "none" : "read", RENEW);
    done.guards++;
  } else if (act === 12 && images.length > 1) {
    const [gone] = images.splice(random(images.length), 1);
    if (random(2) === 0) gone?.image.close(); // or it is lost, and the collector closes it
    one.now = random(images.length);
    images[one.now]!.image.apply(target);
    done.applies++;
    check(one);
  }
}

const pool = Pool.of(imageOf({ driver }), MODULE, { maximum: 4, imports, keepResident: 200_000 });

async function lease(): Promise<void> {
  const one = await pool.checkout({ key: String(random(6)) });
  const { value }: { value: Guest } = one;
  const bytes = Buffer.from((value.memory as WebAssembly.Memory).buffer);
  const n = (value.exports.n as WebAssembly.Global).value;
  if (n !== 0 || bytes.length !== 131072 || !isZero(bytes)) fail("not pristine");
  const name = ["poke", "fill", "trap", "grow", "peek"][random(5)]!;
  try {
    value.call(name, random(2 ** 31));
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  }
  one.release();
  done.leases++;
}

const end = performance.now() + seconds * 1000;
while (performance.now() < end) {
  if (live.length < 8) live.push(make());
  step(live[random(live.length)]!);
  if (random(10) === 0) await lease();
  if (random(50) === 0) {
    const [gone] = live.splice(random(live.length), 1);
    if (random(2) === 0) for (const { image } of gone!.images) image.close();
  }
  if (random(500) === 0 && collect !== undefined) {
    collect();
    done.collections++;
  }
}
await pool.close();
process.stdout.write(JSON.stringify({ seed, driver: driver?.name, ...done }));
