/**
 * `GuestMemory`: the one class through which a host touches a guest's memory.
 *
 * @see wiggle `src/lib.rs`, trait `GuestMemory`
 * @module
 */

import { ByteMemory } from "./byte-memory.js";

/**
 * A guest's memory, checked: every access is in bounds, aligned, and refused where a borrow forbids it.
 *
 * Final: users implement {@link MemorySource} and, if they must, {@link BorrowPolicy}; not this.
 *
 * @example
 * ```ts
 * import { GuestMemory } from "@memkit/guest-memory";
 *
 * const mem = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
 * mem.writeU32(8, 42);
 * mem.readU32(8); // => 42
 * ```
 */
export class GuestMemory extends ByteMemory {}
