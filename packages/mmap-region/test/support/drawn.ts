/** The slot whose drawing the tests of native drivers compare with what the system says. */

const KiB = 1024;

export const SIZES = { heapMemorySize: 1024 * KiB, heapAddressSpaceSize: 8 * 1024 * KiB };

/** One more of it is added after the start. */
export const HEAP = { initialSize: 64 * KiB };
