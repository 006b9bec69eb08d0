/**
 * Giving memory back from the middle of a wasm memory, which WebAssembly itself cannot.
 *
 * @see https://github.com/WebAssembly/memory-control
 *
 * @module
 */

import { requireDriver } from "../argument.js";
import type { Driver } from "../driver/driver.js";
import { requireMemory, requirePagesWithin, whileOpen } from "./guards.js";
import { shownBy } from "./memory-image.js";
import type { MemoryTarget } from "./targets.js";

/**
 * Makes pages what they were first: the image's, where one was applied to the memory, and else zeros. With a driver their memory goes
 * back to the system at once; without one, and where the image was copied, they are only written.
 *
 * The next use of each page costs a fault. Nobody else may be inside a memory that threads share.
 *
 * Not for the memories of a region's slots, of which the region keeps account.
 *
 * @param offset - Bytes from the start of the memory, a multiple of 4096.
 * @param length - Bytes, a multiple of 4096.
 * @throws {@link RegionError} `invalid-argument`, `system-call-failed`
 *
 * @example
 * ```ts
 * import { discard } from "@memkit/mmap-region/snapshot";
 *
 * const memory = new WebAssembly.Memory({ initial: 1 });
 * new Uint8Array(memory.buffer).fill(7);
 * discard(memory, 4096, 8192);
 * [4095, 4096, 12287, 12288].map((at) => new Uint8Array(memory.buffer)[at]); // => [7, 0, 0, 7]
 * ```
 */
export function discard(
  memory: MemoryTarget,
  offset: number,
  length: number,
  driver?: Driver | undefined,
): void {
  requireMemory(memory);
  requirePagesWithin(memory, offset, length);
  if (driver !== undefined) requireDriver(driver);
  const shown = shownBy(memory);
  if (shown !== undefined) {
    shown.discard(offset, length);
    return;
  }
  const { buffer } = memory;
  if (driver?.capabilities.guards && buffer instanceof ArrayBuffer) {
    driver.discard(driver.addressOf(buffer) + offset, length);
  } else {
    whileOpen(memory, () => new Uint8Array(buffer).fill(0, offset, offset + length));
  }
}
