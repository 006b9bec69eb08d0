/**
 * Random use of regions by threads that keep, steal and lose everything, until the time is up. `npm run stress` in the package
 * runs it for a minute; stress.test.ts for two seconds. Arguments: seconds, seed.
 *
 * Every tenant looks for bytes of others when it comes, and after each reset. The main thread writes to every view that a
 * tenant let it have, for ever, and every third thread ends without dropping anything. They end themselves: koffi aborts the
 * process when `terminate()` meets it in the middle of making a view. When half of the shared slots are in quarantine the
 * region is closed under its tenants, and another one made. What must not happen shows as a signal, or as an exit code that
 * is not 0; what did happen, as one line of JSON.
 */

import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { RegionError, WasmRegion, type WasmSlot } from "@memkit/mmap-region";
import { type Driver, loadDriver } from "@memkit/mmap-region/driver";
import {
  MmapRegion,
  type MmapSlot,
  prepareImage,
  type SharedRegion,
  type SlotPart,
} from "@memkit/mmap-region/mmap";
import { transferAway } from "./transfer-away.js";

const PAGE = 4096;
const WASM_PAGE = 65536;
const PARTS: readonly SlotPart[] = ["heap", "stack", "globals", "sigstack"];
const CAPACITY = 64;
const THREADS = 2;
const SIZES = { heapMemorySize: 16 * WASM_PAGE, heapAddressSpaceSize: 32 * WASM_PAGE };
const IMAGE = new Uint8Array(2 * PAGE).fill(0x11);
/** Written by tenants; and by whoever stole a view. */
const MARK = 0x22;
const STOLEN = 0x33;

/** Marsaglia's xorshift32: the same steps for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

interface Work {
  readonly seed: number;
  /** Milliseconds that the thread lives. */
  readonly life: number;
  readonly handle: SharedRegion;
  /** Whether it drops what it has before it ends. */
  readonly tidy: boolean;
}

async function driverOf(): Promise<Driver> {
  const { driver, notice } = await loadDriver();
  if (driver === undefined) throw new Error(notice);
  return driver;
}

const failed = (what: string): never => {
  process.stderr.write(`${what}\n`);
  process.exit(1);
};

/** The heap is the image and zeros behind it, or zeros. */
function requirePristine(heap: Uint8Array, imaged: boolean): void {
  const from = imaged ? IMAGE.length : 0;
  for (let at = 0; at < heap.length; at += PAGE) {
    const wanted = at < from ? IMAGE[0] : 0;
    if (heap[at] !== wanted || heap[at + PAGE - 1] !== wanted) {
      failed(`page ${at / PAGE} of ${heap.length / PAGE}: ${heap[at]}, not ${wanted}`);
    }
  }
}

interface Tenant {
  readonly slot: MmapSlot | WasmSlot;
  readonly imaged: boolean;
  /** Somebody else may write to it. */
  stolen: boolean;
}

/** One step of a thread that has these tenants. */
function step(
  random: (below: number) => number,
  regions: readonly (() => MmapRegion | WasmRegion)[],
  modules: readonly [plain: object, imaged: object],
  tenants: Tenant[],
  kept: Uint8Array[],
  give: (moved: ArrayBuffer) => void,
): void {
  const heap = { initialSize: (1 + random(4)) * WASM_PAGE };
  const at = random(tenants.length || 1);
  const tenant = tenants[at];
  const what = random(10);
  if (what < 3 || tenant === undefined) {
    if (tenants.length > 12) return;
    const imaged = random(2) === 1;
    const region = regions[random(regions.length)]!();
    const slot = region.newInstance(imaged ? modules[1] : { ...modules[0], heap });
    requirePristine(new Uint8Array(slot.heap.buffer), imaged);
    if ("u8" in slot) {
      for (const part of PARTS.slice(1)) {
        if (slot.u8(part).some((byte) => byte !== 0)) failed(`${part} of slot ${slot.index}`);
      }
    }
    tenants.push({ slot, imaged, stolen: false });
    return;
  }
  const { slot, imaged } = tenant;
  const bytes = (): Uint8Array =>
    "u8" in slot ? slot.u8(PARTS[random(4)]!) : new Uint8Array(slot.heap.buffer);
  if (what < 5) {
    const view = bytes();
    for (let n = random(20); n > 0; n--) view[random(view.length)] = MARK;
  } else if (what === 5) {
    slot.expandHeap(random(3) * PAGE);
  } else if (what === 6) {
    slot.reset();
    if (!tenant.stolen) requirePristine(new Uint8Array(slot.heap.buffer), imaged);
  } else if (what === 7) {
    kept.push(bytes());
    if (kept.length > 200) kept.splice(0, 100);
  } else if (what === 8 && "u8" in slot) {
    const moved = random(20) === 0 ? transferAway(bytes().buffer as ArrayBuffer) : undefined;
    if (moved === undefined) return;
    tenant.stolen = true;
    give(moved);
  } else {
    tenants.splice(at, 1);
    slot.drop();
  }
}

/** Steps until `until`, in turns so that messages and finalizers come through. */
async function run(
  work: { seed: number; until: number; tidy: boolean },
  driver: Driver,
  shared: () => MmapRegion,
  give: (moved: ArrayBuffer) => void,
): Promise<{ steps: number; refused: number }> {
  const random = randomOf(work.seed);
  const sizes = { heapMemorySize: SIZES.heapMemorySize };
  const own = [
    MmapRegion.create(driver, 8, SIZES, { warmSlots: 4, hugePages: true }),
    WasmRegion.create(8, sizes, { driver }),
    WasmRegion.create(8, sizes),
  ];
  const regions = [shared, ...own.map((region) => () => region)];
  const plain = {};
  const imaged = {
    heap: { initialSize: WASM_PAGE },
    initialData: [{ offset: 0, bytes: IMAGE }],
  };
  prepareImage(imaged, driver);
  const tenants: Tenant[] = [];
  const kept: Uint8Array[] = [];
  let steps = 0;
  let refused = 0;
  for (; performance.now() < work.until; steps++) {
    try {
      step(random, regions, [plain, imaged], tenants, kept, give);
    } catch (error) {
      // Full, out of reach, beyond a limit: refused in words.
      if (!(error instanceof RegionError)) throw error;
      refused += 1;
    }
    for (const view of kept) if (view.length > 0) view[random(view.length)] = MARK;
    if (steps % 64 === 0) await new Promise((done) => setImmediate(done));
    if (random(2000) === 0) globalThis.gc?.();
  }
  if (!work.tidy) process.exit(); // with all it has
  for (const { slot } of tenants) slot.drop();
  for (const region of own) region.close();
  return { steps, refused };
}

const driver = await driverOf();
if (isMainThread) {
  const [seconds = 60, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
  const until = performance.now() + seconds * 1000;
  const random = randomOf(seed);
  const create = (): MmapRegion => MmapRegion.create(driver, CAPACITY, SIZES, { shared: true });
  const regions = [create()];
  const current = (): MmapRegion => regions.at(-1)!;
  const stolen: Uint8Array[] = [];
  let died = 0;
  /** A thread that dies again and again, and what it leaves taken back. */
  const threads = Array.from({ length: THREADS }, async () => {
    while (performance.now() < until) {
      const region = current();
      const handle = region.share();
      const life = Math.min(500 + random(1500), seconds * 500);
      const work: Work = { seed: random(2 ** 31), life, handle, tidy: random(3) > 0 };
      const worker = new Worker(new URL("stress.boot.mjs", import.meta.url), {
        workerData: work,
        execArgv: ["--conditions=@memkit/source"],
      });
      const ended = new Promise((done) => worker.once("exit", done));
      worker.on("message", (moved: ArrayBuffer) => stolen.push(new Uint8Array(moved)));
      worker.on("error", (error) => failed(String(error)));
      await ended;
      region.reclaim(handle.agent);
      died += 1;
      if (region !== current() || region.quarantinedSlots < CAPACITY / 2) continue;
      regions.push(create());
      region.close();
    }
  });
  const poke = setInterval(() => {
    for (const view of stolen) for (let n = 0; n < view.length; n += PAGE) view[n] = STOLEN;
  }, 5);
  const { steps, refused } = await run({ seed, until, tidy: true }, driver, current, (moved) => {
    stolen.push(new Uint8Array(moved));
  });
  await Promise.all(threads);
  clearInterval(poke);
  current().close();
  for (const { quarantinedSlots: away, freeSlots: free } of regions) {
    if (away + free !== CAPACITY) failed(`${free} free, ${away} away`);
  }
  const summary = { seed, steps, refused, died, stolen: stolen.length, regions: regions.length };
  process.stdout.write(`${JSON.stringify(summary)}\n`);
} else {
  const { seed, life, handle, tidy } = workerData as Work;
  const region = MmapRegion.attach(driver, handle);
  const until = performance.now() + life;
  await run(
    { seed, until, tidy },
    driver,
    () => region,
    (moved) => {
      parentPort?.postMessage(moved, [moved]);
    },
  );
}
