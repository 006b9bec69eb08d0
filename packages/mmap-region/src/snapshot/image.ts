/**
 * A snapshot: memories, mutable globals and tables as they were, to be given to the same or to other instances any number of
 * times.
 *
 * @module
 */

import { requireObject } from "../argument.js";
import { WASM_PAGE_SIZE } from "../page-size.js";
import { RegionError } from "../region-error.js";
import { requireMemory } from "./guards.js";
import { Guest } from "./guest.js";
import {
  captureState,
  type InstanceState,
  type Parts,
  partsOf,
  trackParts,
  translateState,
} from "./instance-state.js";
import { type MappedMemory, MemoryImage, shownBy } from "./memory-image.js";
import { type Occupancy, occupancyOf, requireEmpty } from "./occupancy.js";
import type { Choice, Plan } from "./options.js";
import {
  type Bound,
  bindState,
  growTables,
  requireNames,
  requireTables,
  restoreState,
} from "./state-restore.js";
import { type InstanceTarget, isMemory, type MemoryTarget, requireTarget } from "./targets.js";

/** Something that an image was applied to. */
interface Applied {
  readonly parts: Parts;
  readonly bound: Bound;
  readonly memories: readonly MappedMemory[];
}

/** What an image is made of. */
export interface ImageContents {
  readonly memories: readonly MemoryImage[];
  readonly state: InstanceState;
  /** What they were taken of, if that is in this process: it gets its own functions back, whichever they are. */
  readonly source?: object;
}

/** The images of these bytes, which are copied. @throws {@link RegionError} as {@link snapshot}; then nothing is left of them */
export function memoryImages(bytes: ReadonlyMap<string, Uint8Array>, plan: Plan): MemoryImage[] {
  const images: MemoryImage[] = [];
  try {
    for (const [name, each] of bytes) images.push(MemoryImage.of(name, each, plan));
  } catch (error) {
    for (const image of images) image.bytes.close();
    throw error;
  }
  return images;
}

/** The image that a target was given last. */
const lastApplied: WeakMap<object, Image> = new WeakMap();

/** See the head of this module. Made by {@link snapshot} and `loadImage`. */
export class Image {
  readonly #plan: Plan;
  readonly #memories: readonly MemoryImage[];
  readonly #state: InstanceState;
  readonly #source: WeakRef<object> | undefined;
  readonly #applied: WeakMap<object, Applied> = new WeakMap();
  #open = true;

  /** @internal */
  constructor(contents: ImageContents, plan: Plan) {
    this.#plan = plan;
    this.#state = contents.state;
    this.#source = contents.source && new WeakRef(contents.source);
    this.#memories = contents.memories;
  }

  /** Bytes of all memories. */
  get byteLength(): number {
    return this.#memories.reduce((sum, { length }) => sum + length, 0);
  }

  /**
   * Gives a memory or an instance the image. A memory or table that is shorter grows.
   *
   * What throws has changed nothing, except that of several memories and tables some may have grown.
   *
   * @throws {@link RegionError} `image-closed`, `invalid-argument`, `image-mismatch`, `has-grown`, `guest-inside`,
   * `out-of-memory`, `state-out-of-reach`; `unsupported` for a shared memory
   */
  apply(target: MemoryTarget | InstanceTarget): void {
    this.#requireOpen();
    const inner = innerOf(target);
    this.#apply(inner, partsOf(inner), this.#stateFor(inner));
    this.#plan.reseed?.(target);
  }

  /**
   * Puts back a memory or an instance that the image was applied to.
   *
   * @throws {@link RegionError} `image-closed`, `image-not-applied`, `has-grown`, `guest-inside`. Nothing has changed then.
   */
  reset(target: MemoryTarget | InstanceTarget): void {
    const inner = innerOf(target);
    this.#putBack(inner, this.#plan.engine);
    this.#plan.reseed?.(target);
  }

  /**
   * {@link Image.reset} that also gives the memory of all pages back to the system: for guests that will be idle. Each page costs a
   * fault when it is next used. What is copied stays in memory.
   *
   * @throws {@link RegionError} as {@link Image.reset}
   */
  trim(target: MemoryTarget | InstanceTarget): void {
    const inner = innerOf(target);
    this.#putBack(inner, "discard");
    this.#plan.reseed?.(target);
  }

  /**
   * A snapshot of a memory or an instance that shows this image: only the pages that differ are kept, and with them the globals and
   * tables. Both images may be closed in any order.
   *
   * A reset to it costs as much more as if the guest had written all pages that differ: take a whole snapshot of what has
   * changed much. An increment of an increment is one of the same image.
   *
   * @throws {@link RegionError} `image-closed`, `image-not-applied`, `guest-inside`
   */
  increment(target: MemoryTarget | InstanceTarget): Image {
    const inner = innerOf(target);
    const { parts, memories } = this.#requireApplied(inner);
    requireEmpty(inner, parts.memories.values());
    const state = captureState(inner, parts);
    const images = memories.map((mapped) => mapped.image.increment(mapped));
    return new Image({ memories: images, state, source: inner }, this.#plan);
  }

  /** Pages of 4096 bytes that an increment has for itself; 0 for a whole image. */
  get ownPages(): number {
    return this.#memories.reduce((sum, { bytes }) => sum + bytes.ownPages, 0);
  }

  /**
   * Makes an instance and gives it the image. The module's start function runs, and its data are written, before that.
   *
   * @param module - A `WebAssembly.Module`: that of the instance which the snapshot was taken of.
   * @throws {@link RegionError} as {@link Image.apply}; whatever the engine throws
   */
  instantiate(module: object, imports: object = {}): Guest {
    this.#requireOpen();
    requireObject("imports", imports);
    const instance: InstanceTarget = new WebAssembly.Instance(
      module as WebAssembly.Module,
      imports as WebAssembly.Imports,
    );
    const parts = partsOf(instance);
    trackParts(instance, parts);
    this.#apply(instance, parts, this.#stateFor(instance));
    const guest = new Guest(this, instance, occupancyOf(instance, parts.memories.values()));
    this.#plan.reseed?.(guest);
    return guest;
  }

  /**
   * The pages of 4096 bytes of a memory that differ from the image, in order: what did the guest change? Beyond the image they
   * are compared with zeros.
   *
   * @throws {@link RegionError} `image-closed`, `image-not-applied`; `invalid-argument` for what is no memory
   */
  dirtyPages(memory: MemoryTarget): Uint32Array {
    return this.#shown(memory).dirtyPages();
  }

  /** Which engine the last `apply` or `reset` of a memory used, and why. @throws as {@link Image.dirtyPages} */
  choice(memory: MemoryTarget): Choice {
    return this.#shown(memory).choice;
  }

  /** Lets the image go. Memories stay as they are; a second call does nothing. */
  close(): void {
    this.#open = false;
    for (const { bytes } of this.#memories) bytes.close();
  }

  /** What the last `apply`, `reset` or `trim` did to each memory of the target. @internal */
  shownBy(target: MemoryTarget | InstanceTarget): readonly MappedMemory[] {
    return this.#requireApplied(innerOf(target)).memories;
  }

  /** All that a reset of the target writes. @internal */
  partsOf(target: MemoryTarget | InstanceTarget): Parts {
    return this.#requireApplied(innerOf(target)).parts;
  }

  /** Whose calls are counted for the target. @internal */
  occupancy(target: MemoryTarget | InstanceTarget): readonly Occupancy[] {
    const inner = innerOf(target);
    return occupancyOf(inner, this.#requireApplied(inner).parts.memories.values());
  }

  /** What `saveImage` writes. @internal */
  contents(): ImageContents {
    this.#requireOpen();
    return { memories: this.#memories, state: this.#state };
  }

  #putBack(target: MemoryTarget | InstanceTarget, engine: Plan["engine"]): void {
    const { parts, bound, memories } = this.#requireApplied(target);
    for (const { image, memory } of memories) image.requireFit(memory);
    requireEmpty(target, parts.memories.values());
    requireTables(bound, this.#plan.grown);
    for (const memory of memories) memory.reset(engine);
    restoreState(bound);
  }

  #apply(target: MemoryTarget | InstanceTarget, parts: Parts, state: InstanceState): void {
    requireNames(
      "memory",
      this.#memories.map(({ name }) => name),
      parts.memories,
    );
    const bound = bindState(state, parts);
    requireEmpty(target, parts.memories.values());
    const pairs = this.#memories.flatMap((image) => {
      const memory = parts.memories.get(image.name);
      return memory === undefined ? [] : [{ image, memory }];
    });
    for (const { image, memory } of pairs) image.requireFit(memory);
    requireTables(bound, this.#plan.grown);
    for (const { image, memory } of pairs) growTo(memory, image.length);
    growTables(bound);
    const memories = pairs.map(({ image, memory }) => image.write(memory));
    restoreState(bound);
    this.#applied.set(target, { parts, bound, memories });
    lastApplied.set(target, this);
  }

  #stateFor(target: MemoryTarget | InstanceTarget): InstanceState {
    if (isMemory(target) || this.#source?.deref() === target) return this.#state;
    return translateState(this.#state, target as InstanceTarget);
  }

  #shown(memory: MemoryTarget): MappedMemory {
    this.#requireOpen();
    requireMemory(memory);
    const shown = shownBy(memory);
    if (shown === undefined || !this.#memories.includes(shown.image)) throw notApplied();
    return shown;
  }

  #requireApplied(target: object): Applied {
    this.#requireOpen();
    const applied = this.#applied.get(target);
    const last = lastApplied.get(target) === this;
    if (applied === undefined || !last || !applied.memories.every(({ current }) => current)) {
      throw notApplied();
    }
    return applied;
  }

  #requireOpen(): void {
    if (!this.#open) throw new RegionError({ code: "image-closed" });
  }
}

const notApplied = (): RegionError => new RegionError({ code: "image-not-applied" });

/** A guest's state is its instance's. @throws {@link RegionError} `invalid-argument` */
export function innerOf(target: MemoryTarget | InstanceTarget): MemoryTarget | InstanceTarget {
  return target instanceof Guest ? target.instance : requireTarget(target);
}

/** A memory whose addresses have 64 bits: it grows by a bigint. */
interface Memory64 {
  grow(pages: bigint): bigint;
}

/** @throws {@link RegionError} `out-of-memory` */
function growTo(memory: MemoryTarget, length: number): void {
  const missing = (length - memory.buffer.byteLength) / WASM_PAGE_SIZE;
  if (missing <= 0) return;
  try {
    try {
      memory.grow(missing);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      const wide: object = memory;
      (wide as Memory64).grow(BigInt(missing));
    }
  } catch (cause) {
    throw new RegionError({ code: "out-of-memory", asked: length }, { cause });
  }
}
