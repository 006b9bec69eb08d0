/**
 * Memories with snapshots, for the suites that put them back. Images are shared by the rows of a suite: all of its rows are set up
 * at once, and the longest image has 256 MiB.
 *
 * @module
 */

import { type Image, snapshot } from "@memkit/mmap-region/snapshot";
import { driverOrThrow } from "./native-driver.js";
import type { Row } from "./suite.js";

const MIB = 2 ** 20;
/** Of WebAssembly. */
const WASM_PAGE = 65536;
const HOST_PAGE = 4096;
/** Of the images, in MiB. */
const SIZES: readonly number[] = [1, 16, 64, 256];

/** The sizes of a row: those that a check needs, and the others with `--full`, for they take long. */
export const sizes = (n: readonly number[]): Pick<Row, "n" | "nFull"> => ({
  n,
  nFull: SIZES.filter((size) => !n.includes(size)),
});

export const MAPPING_ENGINES = ["auto", "scan+undo", "discard"] as const;
export type EngineName = (typeof MAPPING_ENGINES)[number] | "copy";

export const roleOf = (engine: EngineName): Row["role"] => (engine === "copy" ? "peer" : "ours");

export interface Guest {
  readonly bytes: Uint8Array;
  readonly reset: () => void;
}

const memoryOf = (mebibytes: number): WebAssembly.Memory =>
  new WebAssembly.Memory({ initial: (mebibytes * MIB) / WASM_PAGE });

const images: Map<string, Image> = new Map();

/** A memory that shows an image of so many MiB, none of it zeros, and that nobody has used since. */
export async function guestOf(mebibytes: number, engine: EngineName): Promise<Guest> {
  const key = `${engine} ${mebibytes}`;
  const driver = await driverOrThrow();
  let image = images.get(key);
  if (image === undefined) {
    const source = memoryOf(mebibytes);
    const bytes = new Uint8Array(source.buffer);
    for (let at = 0; at < bytes.length; at += HOST_PAGE) bytes[at] = 1 + (at % 251);
    image = snapshot(source, { driver, engine });
    images.set(key, image);
  }
  const memory = memoryOf(mebibytes);
  image.apply(memory);
  const shown = image;
  return { bytes: new Uint8Array(memory.buffer), reset: () => shown.reset(memory) };
}

/** Reads a byte of each page. */
export function readAll(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += HOST_PAGE) sum += bytes[at]!;
  return sum;
}

/** Writes to pages that are spread over the memory. */
export function touch(bytes: Uint8Array, pages: number): void {
  const step = bytes.length / pages;
  for (let n = 0; n < pages; n++) bytes[n * step] = 0;
}

/** What everybody can do: all bytes again. */
export const setRow = (n: readonly number[]): Row => ({
  name: "set",
  role: "peer",
  what: "TypedArray.set of the whole image",
  ops: 1,
  ...sizes(n),
  make: (mebibytes) => {
    const bytes = new Uint8Array(memoryOf(mebibytes).buffer);
    const image = new Uint8Array(bytes.length).fill(1);
    return () => {
      bytes.set(image);
      return bytes[0]!;
    };
  },
});
