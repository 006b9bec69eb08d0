/**
 * The initial contents of a module's heap, made ready once: copied, and where there is a driver kept as an image that is mapped
 * copy-on-write. An instance then costs one system call however long its data are, and a page of it costs a fault when
 * it is first used.
 *
 * Invariant MR-20: an image never changes, whatever becomes of the arrays it was made from and of the slots it is mapped in.
 *
 * @module
 */

import { sharedRegistry } from "@memkit/core";
import { requireDriver, requireObject } from "./argument.js";
import type { Driver, Image } from "./driver/driver.js";
import type { InitialData, ModuleSpec } from "./heap-spec.js";
import { copyInitialData } from "./heap-spec.js";
import { HOST_PAGE_SIZE } from "./page-size.js";
import { RegionError, wholeNumber } from "./region-error.js";

/**
 * Up to 16 MiB data are mapped however sparse they are; beyond that at least half of the bytes must be data, for an image is
 * built whole.
 *
 * @see wasmtime `Config::memory_guaranteed_dense_image_size`, its default; `crates/environ/src/module.rs`, `init_static_memory`
 */
const ALWAYS_MAPPED = 16 * 2 ** 20;
const LEAST_DENSITY = 0.5;

/** What {@link prepareImage} made. */
export interface HeapImage {
  /** Whether the data are an image that slots map; otherwise they are copied into each of them. */
  readonly mapped: boolean;
  /** Lets the image go. Where it is mapped it stays; later instances get copies. A second call does nothing. */
  close(): void;
}

/** The initial data of a module, copied: what regions know of them and users do not. */
export class PreparedData {
  readonly data: readonly InitialData[];
  /** The shortest heap that holds them: to the end of the last page. */
  readonly extent: number;
  /** Of the image, a multiple of the page size. */
  readonly offset: number;
  /** What the image holds; empty when there is none. */
  readonly bytes: Uint8Array;
  readonly #driver: Driver | undefined;
  #image: Image | undefined;

  constructor(data: readonly InitialData[], driver: Driver | undefined) {
    this.data = data;
    const end = data.reduce((end, { offset, bytes }) => Math.max(end, offset + bytes.length), 0);
    const start = data.reduce((start, { offset }) => Math.min(start, offset), end);
    this.extent = Math.ceil(end / HOST_PAGE_SIZE) * HOST_PAGE_SIZE;
    this.offset = start - (start % HOST_PAGE_SIZE);
    this.bytes = new Uint8Array(0);
    const span = end - this.offset;
    const total = data.reduce((sum, { bytes }) => sum + bytes.length, 0); // where two overlap, a little too much
    const dense = span <= ALWAYS_MAPPED || total >= span * LEAST_DENSITY;
    if (driver?.capabilities.images !== true || span === 0 || !dense) return;
    this.#driver = driver;
    this.bytes = new Uint8Array(Math.ceil(span / HOST_PAGE_SIZE) * HOST_PAGE_SIZE);
    for (const { offset, bytes } of data) this.bytes.set(bytes, offset - this.offset);
    try {
      this.#image = driver.createImage(this.bytes);
    } catch (error) {
      if (!(error instanceof RegionError)) throw error;
      this.bytes = new Uint8Array(0); // no memory file can be had: copies do
    }
  }

  /** What is to be mapped by this driver, if anything. */
  imageFor(driver: Driver | undefined): Image | undefined {
    return this.#driver === driver ? this.#image : undefined;
  }

  get mapped(): boolean {
    return this.#image !== undefined;
  }

  close(): void {
    this.#image?.close();
    this.#image = undefined;
  }
}

/** By their modules. One for all copies of this package in the realm. */
const prepared: WeakMap<ModuleSpec, PreparedData> = sharedRegistry(
  "@memkit/mmap-region/prepared/v1",
  () => new WeakMap<ModuleSpec, PreparedData>(),
);

/**
 * Copies a module's initial data once, for all its instances, and makes an image of them where the driver can: from here on
 * regions of this driver map it, and others copy what was copied.
 *
 * @param driver - That of the regions that are to run the module.
 * @throws {@link RegionError} `invalid-argument`, `incorrect-module` for data that no heap of this module can hold
 *
 * @example
 * ```ts
 * import { FakeDriver } from "@memkit/mmap-region/fake-driver";
 * import { MmapRegion, prepareImage } from "@memkit/mmap-region/mmap";
 *
 * const driver = new FakeDriver();
 * const bytes = new Uint8Array(8192).fill(7);
 * const module = { heap: { initialSize: 65536 }, initialData: [{ offset: 4096, bytes }] };
 * const image = prepareImage(module, driver);
 * const slot = MmapRegion.create(driver, 1).newInstance(module);
 * slot.u8("heap")[4096] = 1;
 * slot.reset();
 * slot.u8("heap")[4096]; // => 7
 * image.mapped; // => true
 * ```
 */
export function prepareImage(module: ModuleSpec, driver?: Driver): HeapImage {
  requireObject("module", module);
  if (driver !== undefined) requireDriver(driver);
  const initialSize = wholeNumber("initialSize", module.heap?.initialSize ?? 0);
  const data = new PreparedData(copyInitialData(module, initialSize), driver);
  prepared.set(module, data);
  return {
    get mapped() {
      return data.mapped;
    },
    close() {
      data.close();
      if (prepared.get(module) === data) prepared.delete(module);
    },
  };
}

/**
 * The module's data: prepared ones as they are, others copied now.
 *
 * @throws {@link RegionError} as {@link prepareImage}; prepared data, too, must fit the heap that the module has now
 */
export function dataOf(module: ModuleSpec, initialSize: number): PreparedData {
  const data = prepared.get(module);
  if (data !== undefined && data.extent <= initialSize) return data;
  const copied = copyInitialData(module, initialSize);
  return copied.length === 0 ? NOTHING : new PreparedData(copied, undefined);
}

/** Of every module without data. */
const NOTHING = new PreparedData([], undefined);
