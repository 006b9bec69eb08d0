/** Memories that one thread has for itself. */

import type { MemorySource } from "@memkit/core";
import { GuestMemory } from "@memkit/guest-memory";
import { absentUnless, kind, type MemoryKind, PAGE, type TestMemory } from "./memory-kind.js";

/** What lib.dom and Node's types do not know of WebAssembly.Memory yet. */
type Descriptor64 = {
  address: "i64";
  initial: bigint;
  maximum: bigint;
  shared?: boolean;
};
type Memory64 = { readonly buffer: ArrayBuffer; grow(pages: bigint): bigint };
export const memory64 = (descriptor: Omit<Descriptor64, "address">): Memory64 => {
  const Memory = WebAssembly.Memory as unknown as new (descriptor: Descriptor64) => Memory64;
  return new Memory({ address: "i64", ...descriptor });
};

type Resizable = { toResizableBuffer(): ArrayBuffer };
/** The memory, once its buffer grows in place. Node 26 and Chrome 144 can. */
export const madeResizable = (memory: WebAssembly.Memory): WebAssembly.Memory => {
  (memory as WebAssembly.Memory & Resizable).toResizableBuffer();
  return memory;
};

export const NO_MEMORY64 = "this host has no 64-bit memories (Node 24 has)";
export const NO_RESIZABLE_MEMORY = "this host has no toResizableBuffer of memories (Node 26 has)";

/** Growing by nothing detaches the buffer like every growth. */
const wasm = (): TestMemory => {
  const source = new WebAssembly.Memory({ initial: 1, maximum: 8 });
  return { source, grow: () => source.grow(1), churn: () => source.grow(0) };
};

/** Virtual: only the pages that are touched cost anything. But growing by nothing takes milliseconds: no churn. */
const nearly4GiB = (): TestMemory => {
  const source = new WebAssembly.Memory({ initial: 65_535, maximum: 65_536 });
  return { source, grow: () => source.grow(1) };
};

/** A source with a new buffer whenever it wants one; `leave` deals with the old. */
function exchanging(leave: (old: ArrayBuffer) => void): {
  source: { buffer: ArrayBuffer };
  to(length: number): void;
} {
  const source = { buffer: new ArrayBuffer(PAGE) };
  const to = (length: number): void => {
    const old = source.buffer;
    const next = new ArrayBuffer(length);
    new Uint8Array(next).set(new Uint8Array(old).subarray(0, length));
    source.buffer = next;
    leave(old);
  };
  return { source, to };
}

/** Takes a buffer's bytes away, as `transfer()` and `postMessage` do. */
export const detach = (buffer: ArrayBuffer): void => {
  structuredClone(buffer, { transfer: [buffer] });
};

function detaching(): TestMemory {
  const { source, to } = exchanging(detach);
  return {
    source,
    grow: () => to(source.buffer.byteLength + PAGE),
    shrink: () => to(source.buffer.byteLength - PAGE),
    churn: () => to(source.buffer.byteLength),
  };
}

/** The old buffer lives on, full of what is no longer true; whoever has views is told. */
function telling(): TestMemory {
  const { source, to } = exchanging((old) => new Uint8Array(old).fill(0xee));
  return {
    source,
    churn: (mem) => {
      to(source.buffer.byteLength);
      mem.refresh();
    },
  };
}

function resizable(): TestMemory {
  const buffer = new ArrayBuffer(PAGE, { maxByteLength: 8 * PAGE });
  const by = (bytes: number): void => buffer.resize(buffer.byteLength + bytes);
  const churn = (): void => {
    by(PAGE);
    by(-PAGE);
  };
  return { source: { buffer }, grow: () => by(PAGE), shrink: () => by(-PAGE), churn };
}

const resizableWasm = (): TestMemory => {
  const source = madeResizable(new WebAssembly.Memory({ initial: 1, maximum: 8 }));
  return { source, grow: () => source.grow(1), churn: () => source.grow(0) };
};

const wide = (): TestMemory => {
  const source = memory64({ initial: 1n, maximum: 8n });
  return { source, grow: () => source.grow(1n), churn: () => source.grow(0n) };
};
const beyond4GiB = (): TestMemory => {
  const source = memory64({ initial: 65_537n, maximum: 65_544n });
  return { source, grow: () => source.grow(1n) };
};

/**
 * The kind that gives the memory that it gave last, as new, unless that has grown: a test is done with it when the next
 * begins. Virtual or not, an engine that hears of 4 GiB more collects all garbage.
 */
function again(of: MemoryKind): MemoryKind {
  let kept: TestMemory | undefined;
  const make = (): TestMemory => {
    if (kept?.source.buffer.byteLength !== of.origin + PAGE) {
      kept = of.make();
    } else {
      new GuestMemory(kept.source, of.options).releaseAll();
      new Uint8Array(kept.source.buffer, of.origin, PAGE).fill(0);
    }
    return kept;
  };
  return { ...of, make };
}

const plain = (): { source: MemorySource } => ({ source: { buffer: new ArrayBuffer(PAGE) } });

const without64 = absentUnless(NO_MEMORY64, wide);
const WASM64 = { target: "wasm64" } as const;

export const UNSHARED_KINDS: readonly MemoryKind[] = [
  kind("a plain buffer", plain),
  kind("a WebAssembly.Memory", wasm),
  kind("a source that exchanges its buffer", detaching),
  kind("a source that exchanges its buffer and says so", telling),
  kind("a resizable buffer", resizable),
  kind("a WebAssembly.Memory with a resizable buffer", resizableWasm, {
    absent: absentUnless(NO_RESIZABLE_MEMORY, resizableWasm),
  }),
  again(
    kind("the last page but one of 4 GiB, by negative pointers", nearly4GiB, {
      origin: 65_534 * PAGE,
    }),
  ),
  kind("a plain buffer of a 64-bit guest", plain, { options: WASM64 }),
  kind("a memory64", wide, { options: WASM64, absent: without64 }),
  again(
    kind("a memory64 beyond 4 GiB", beyond4GiB, {
      options: WASM64,
      origin: 65_536 * PAGE,
      absent: without64,
    }),
  ),
];
