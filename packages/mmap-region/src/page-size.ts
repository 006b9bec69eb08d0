/**
 * The two page sizes a region counts in.
 *
 * @module
 */

/**
 * The host's page, in which {@link Limits} count: 4096 bytes.
 *
 * Without a native driver nobody can ask the operating system, so this is lucet's own assumption.
 *
 * @see lucet `alloc/mod.rs`, `HOST_PAGE_SIZE_EXPECTED`
 */
export const HOST_PAGE_SIZE = 4096;

/**
 * The page of a wasm memory, in which it is made and grows: 65,536 bytes.
 *
 * @see WebAssembly core specification 2.0, 4.2.8 "Memory Instances"
 */
export const WASM_PAGE_SIZE = 65536;

/**
 * The most pages a memory with 32-bit addresses can have: 65,536, which is 4 GiB.
 *
 * @see WebAssembly core specification 2.0, 3.2.4 "Memory Types"
 */
export const WASM32_MAX_PAGES = 65536;
