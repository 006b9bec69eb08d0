/**
 * Proves, before the first memory is given to it, that an engine lets images be mapped over its memories: that the guest's bytes
 * are the image's, that writing leaves the image alone, that both ways back lead to it, and that growth keeps it.
 *
 * Invariant MR-41: no memory is mapped over in a process in which the self-test has not passed with that driver.
 *
 * @module
 */

import { sharedRegistry } from "@memkit/core";
import type { Driver } from "../driver/driver.js";
import { WASM_PAGE_SIZE } from "../page-size.js";
import { StoredBytes } from "./stored-bytes.js";

/** Undefined when all is well; else one sentence that says what is not. */
export type Verdict = string | undefined;

const verdicts: WeakMap<Driver, { readonly verdict: Verdict }> = sharedRegistry(
  "@memkit/mmap-region/snapshot-self-test/v1",
  () => new WeakMap<Driver, { readonly verdict: Verdict }>(),
);

const PAGES = 2;
const LENGTH = PAGES * WASM_PAGE_SIZE;
/** Bytes that are written, in three pages of the system. */
const TOUCHED: readonly number[] = [0, 5 * 4096 + 1, LENGTH - 1];

/** The verdict on a driver, found once. */
export function selfTest(driver: Driver): Verdict {
  const known = verdicts.get(driver);
  if (known !== undefined) return known.verdict;
  let verdict: Verdict;
  try {
    verdict = examine(driver);
  } catch (error) {
    verdict = error instanceof Error ? error.message : String(error);
  }
  verdicts.set(driver, { verdict });
  return verdict;
}

function examine(driver: Driver): Verdict {
  const { images, dirtyPages } = driver.capabilities;
  if (!images) return `the ${driver.name} driver has no images`;
  const pattern = Uint8Array.from({ length: LENGTH }, (_, at) => 1 + (at % 251));
  const stored = StoredBytes.inFile(pattern, driver);
  try {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES + 1 });
    const address = driver.addressOf(memory.buffer);
    if (address % driver.pageSize !== 0) return "memories do not begin with a page";
    const { mappable } = stored;
    if (mappable === undefined) return "there is no memory file";
    driver.budget.charge(2);
    driver.mapImage(address, mappable.image);

    const differs = (): boolean => {
      const now = new Uint8Array(memory.buffer);
      return now.some((byte, at) => byte !== (pattern[at] ?? 0));
    };
    const dirty = (): Verdict => {
      const bytes = new Uint8Array(memory.buffer);
      for (const at of TOUCHED) bytes[at] = 0;
      if (stored.bytes.some((byte, at) => byte !== pattern[at])) return "writing changes the image";
      if (!dirtyPages) return undefined;
      const pages = new Uint32Array(TOUCHED.length + 1);
      const found = driver.dirtyPages(address, LENGTH, pages);
      const same = TOUCHED.every((at, n) => pages[n] === Math.floor(at / driver.pageSize));
      return found === TOUCHED.length && same ? undefined : "dirty pages are not told exactly";
    };

    if (differs()) return "a mapped image is not what the memory shows";
    const first = dirty();
    if (first !== undefined) return first;
    driver.discard(address, LENGTH);
    if (differs()) return "discarding does not bring the image back";
    memory.grow(1);
    if (driver.addressOf(memory.buffer) !== address) return "a memory moves when it grows";
    if (differs()) return "growth does not keep the image";
    return dirty();
  } finally {
    stored.close();
  }
}
