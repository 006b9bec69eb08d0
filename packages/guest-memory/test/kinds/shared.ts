/** Memories that several threads have at the same time. */

import { absentUnless, kind, type MemoryKind, PAGE, type TestMemory } from "./memory-kind.js";
import { madeResizable, memory64, NO_MEMORY64, NO_RESIZABLE_MEMORY } from "./unshared.js";

const NO_SHARED_BUFFER =
  "this page is not cross-origin isolated, so it has no SharedArrayBuffer (shared memories of wasm it has)";

const wasm = (): WebAssembly.Memory =>
  new WebAssembly.Memory({ initial: 1, maximum: 8, shared: true });

/** Growing by nothing gives another buffer, although the old one stays. */
const growing = (source: WebAssembly.Memory): TestMemory => ({
  source,
  grow: () => source.grow(1),
  churn: () => source.grow(0),
});

function growable(): TestMemory {
  const buffer = new SharedArrayBuffer(PAGE, { maxByteLength: 8 * PAGE });
  return { source: { buffer }, grow: () => buffer.grow(buffer.byteLength + PAGE) };
}

const wide = (): TestMemory => {
  const source = memory64({ initial: 1n, maximum: 8n, shared: true });
  return { source, grow: () => source.grow(1n) };
};

const resizableWasm = (): TestMemory => growing(madeResizable(wasm()));

const noBuffer = typeof SharedArrayBuffer === "function" ? undefined : NO_SHARED_BUFFER;

const shared = (
  name: string,
  make: () => TestMemory,
  more: Partial<Pick<MemoryKind, "absent" | "options">> = {},
): MemoryKind => kind(name, make, { shared: true, ...more });

export const SHARED_KINDS: readonly MemoryKind[] = [
  shared("a shared buffer", () => ({ source: { buffer: new SharedArrayBuffer(PAGE) } }), {
    absent: noBuffer,
  }),
  shared("a growable shared buffer", growable, { absent: noBuffer }),
  shared("a shared WebAssembly.Memory", () => growing(wasm())),
  shared("a shared WebAssembly.Memory with a growable buffer", resizableWasm, {
    absent: absentUnless(NO_RESIZABLE_MEMORY, resizableWasm),
  }),
  shared("a shared memory64", wide, {
    options: { target: "wasm64" },
    absent: absentUnless(NO_MEMORY64, wide),
  }),
];
