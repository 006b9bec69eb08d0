/**
 * Borrowing what an I/O call works on: a table of (address, length) pairs, and every buffer it names, all at once.
 *
 * Invariant WASI-3: the table is read once, by value, and is borrowed together with its buffers. A buffer to be filled
 * overlaps neither another one nor the table (the borrow is refused: EFAULT); buffers to be written out may overlap,
 * since nothing changes them. Whatever happens, every borrow is given back.
 *
 * @see wasi-common `src/snapshots/preview_1.rs`, `fd_read`, `fd_write`
 * @module
 */

import type { Region } from "@memkit/core";
import { iovec } from "./abi.js";
import { fail } from "./errno.js";
import type { GuestAccess } from "./guest-access.js";

/** The kind of borrow that a buffer needs: `mut` to be filled, `shared` to be written out. */
export type Direction = "mut" | "shared";

/**
 * The most buffers of one call. Preview1 names no limit, but without one a call would make the host remember as many
 * buffers as fit into the guest's memory. This is 64 times wasi-libc's own limit (`IOV_MAX` of its `limits.h`).
 */
const MAX_VECTORS = 64 * 1024;

/** What a table of iovecs says. */
export interface Vectors {
  /** The table itself. */
  readonly table: Region;
  /** The buffers in order, in bounds. */
  readonly buffers: readonly Region[];
  /** Bytes in all buffers, a u32. */
  readonly total: number;
}

/**
 * Reads a table of `count` iovecs.
 *
 * @throws {@link GuestError} for the table and for each buffer: `ptr-overflow`, `ptr-out-of-bounds`, `ptr-not-aligned`.
 * EINVAL when there are more than 65,536, or when together they are longer than the call's result, a u32, could report.
 */
export function readVectors(memory: GuestAccess, table: number, count: number): Vectors {
  const start = memory.validate(table, count, iovec.size, iovec.align);
  if (count > MAX_VECTORS) fail("EINVAL");
  const buffers: Region[] = [];
  let total = 0;
  for (let i = 0; i < count; i += 1) {
    const { buf, buf_len: len } = memory.read(iovec, start + i * iovec.size);
    buffers.push({ start: memory.validate(buf, len, 1, 1), len });
    total += len;
  }
  if (total > 0xffff_ffff) fail("EINVAL");
  return { table: { start, len: count * iovec.size }, buffers, total };
}

/** A set of borrows that end together. */
class Borrows {
  readonly #memory: GuestAccess;
  readonly #shared: number[] = [];
  readonly #mut: number[] = [];

  constructor(memory: GuestAccess) {
    this.#memory = memory;
  }

  take(kind: Direction, region: Region): void {
    if (kind === "mut") this.#mut.push(this.#memory.mutBorrow(region));
    else this.#shared.push(this.#memory.sharedBorrow(region));
  }

  giveBack(): void {
    for (const handle of this.#mut) this.#memory.mutUnborrow(handle);
    for (const handle of this.#shared) this.#memory.sharedUnborrow(handle);
  }
}

/** A view of a range that is borrowed now. `base()` is asked each time: the memory may have grown. */
function viewOf(memory: GuestAccess, { start, len }: Region): Uint8Array {
  return new Uint8Array(memory.base().buffer, start, len);
}

/**
 * Runs `use` on views of all buffers, empty ones left out, borrowed until it returns.
 *
 * @throws {@link GuestError} `ptr-borrowed` (EFAULT), `borrow-checker-out-of-handles`
 */
export function withVectors<R>(
  memory: GuestAccess,
  direction: Direction,
  { table, buffers }: Vectors,
  use: (views: readonly Uint8Array[]) => R,
): R {
  const borrows = new Borrows(memory);
  try {
    borrows.take("shared", table);
    for (const buffer of buffers) borrows.take(direction, buffer);
    const filled = buffers.filter(({ len }) => len !== 0);
    return use(filled.map((buffer) => viewOf(memory, buffer)));
  } finally {
    borrows.giveBack();
  }
}

/**
 * Runs `use` on a view of `len` bytes at `ptr`, borrowed for writing.
 *
 * @throws {@link GuestError} `ptr-overflow`, `ptr-out-of-bounds`, `ptr-borrowed`
 */
export function withBuffer<R>(
  memory: GuestAccess,
  ptr: number,
  len: number,
  use: (bytes: Uint8Array) => R,
): R {
  const region = { start: memory.validate(ptr, len, 1, 1), len };
  const handle = memory.mutBorrow(region);
  try {
    return use(viewOf(memory, region));
  } finally {
    memory.mutUnborrow(handle);
  }
}
