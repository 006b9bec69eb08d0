import type { MemorySource } from "@memkit/core";

/** A source over `bytes` zero bytes, and how to make it larger by `by` bytes where that is possible. */
export interface TestSource {
  readonly source: MemorySource;
  readonly grow?: () => void;
}

const PAGE = 65_536;

function wasm(shared: boolean): TestSource {
  const source = new WebAssembly.Memory({ initial: 1, maximum: 8, shared });
  return { source, grow: () => source.grow(1) };
}

function exchanging(): TestSource {
  const source = { buffer: new ArrayBuffer(PAGE) };
  const grow = (): void => {
    const old = source.buffer;
    const next = new ArrayBuffer(old.byteLength + PAGE);
    new Uint8Array(next).set(new Uint8Array(old));
    structuredClone(old, { transfer: [old] }); // the source's duty: detach what it no longer answers with
    source.buffer = next;
  };
  return { source, grow };
}

function resizable(): TestSource {
  const buffer = new ArrayBuffer(PAGE, { maxByteLength: 8 * PAGE });
  return { source: { buffer }, grow: () => buffer.resize(buffer.byteLength + PAGE) };
}

/** Unshared memories of every make; each is one page long and zero. */
export const UNSHARED: readonly (readonly [name: string, make: () => TestSource])[] = [
  ["a plain buffer", () => ({ source: { buffer: new ArrayBuffer(PAGE) } })],
  ["a WebAssembly.Memory", () => wasm(false)],
  ["a source that exchanges its buffer", exchanging],
  ["a resizable buffer", resizable],
];

/** Shared memories. */
export const SHARED: readonly (readonly [name: string, make: () => TestSource])[] = [
  ["a shared buffer", () => ({ source: { buffer: new SharedArrayBuffer(PAGE) } })],
  ["a shared WebAssembly.Memory", () => wasm(true)],
];

export const ALL: typeof UNSHARED = [...UNSHARED, ...SHARED];
export { PAGE };
