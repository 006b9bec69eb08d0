/** A thread that opens somebody's memory when it is told to, and then answers calls by name. */

import { i32, type MemorySource, struct, u8, u32, u64 } from "@memkit/core";
import { GuestMemory } from "@memkit/guest-memory";
import { GuestAtomics, type WaitResult } from "@memkit/guest-memory/atomics";

const pair = struct(["a", u32], ["b", u32]);

/** What can be asked of the thread. Results are plain data. */
export class GuestThread {
  readonly #source: MemorySource;
  readonly #mem: GuestMemory;
  readonly #atomics: GuestAtomics;

  constructor(source: MemorySource) {
    this.#source = source;
    this.#mem = new GuestMemory(source);
    this.#atomics = new GuestAtomics(this.#mem);
  }

  byteLength(): number {
    return this.#mem.byteLength;
  }
  isSharedMemory(): boolean {
    return this.#mem.isSharedMemory();
  }
  hasOutstandingBorrows(): boolean {
    return this.#mem.hasOutstandingBorrows();
  }
  readU32(p: number): number {
    return this.#mem.readU32(p);
  }
  writeU32(p: number, value: number): void {
    this.#mem.writeU32(p, value);
  }
  readPair(p: number): object {
    return this.#mem.ptr(pair, p).read();
  }
  writeString(p: number, text: string): number {
    return this.#mem.writeString(p, text);
  }
  cow(p: number, len: number): string {
    return this.#mem.strPtr(p, len).asCow().text();
  }
  slice(p: number): boolean {
    return this.#mem.arrayPtr(u8, p, 4).asSlice() === null;
  }
  withSlice(p: number): number {
    return this.#mem.withSlice(p, 4, (bytes) => bytes.length);
  }
  mutBorrow(start: number): number {
    return this.#mem.mutBorrow({ start, len: 4 });
  }
  /** Pages by which a WebAssembly.Memory grows. */
  grow(pages: number): void {
    (this.#source as WebAssembly.Memory).grow(pages);
  }
  wait(p: number, expected: number, timeout: number): WaitResult {
    return this.#atomics.wait(i32, p, expected, timeout);
  }
  /** Adds to a word, to the byte after it and to the double word after both, `times` times. */
  count(p: number, times: number): void {
    for (let i = 0; i < times; i++) {
      this.#atomics.add(u32, p, 1);
      this.#atomics.add(u8, p + 5, 3);
      this.#atomics.add(u64, p + 8, 2n ** 32n);
    }
  }
  /** Adds 1 to the plain word at `p + 4`, `times` times, each time under the lock at `p`. */
  locked(p: number, times: number): void {
    const atomics = this.#atomics;
    for (let i = 0; i < times; i++) {
      // 0 free, 1 held, 2 held and awaited: Drepper, "Futexes Are Tricky", the second mutex.
      let state = atomics.compareExchange(u32, p, 0, 1);
      while (state !== 0) {
        if (state === 2 || atomics.compareExchange(u32, p, 1, 2) !== 0) atomics.wait(u32, p, 2);
        state = atomics.compareExchange(u32, p, 0, 2);
      }
      this.#mem.writeU32(p + 4, this.#mem.readU32(p + 4) + 1);
      if (atomics.sub(u32, p, 1) !== 1) {
        atomics.store(u32, p, 0);
        atomics.notify(p, 1);
      }
    }
  }
  /** Instantiates a guest on the memory and calls its export `name`. */
  run(module: WebAssembly.Module, name: string, arg: number): unknown {
    const { exports } = new WebAssembly.Instance(module, {
      env: { memory: this.#source as WebAssembly.Memory },
    });
    return (exports[name] as (arg: number) => unknown)(arg);
  }
}

/** A memory to open, or a call on the one that is open; and the answer. */
export type Message = readonly ["open", unknown] | Call;
export type Call = {
  [K in keyof GuestThread]: readonly [K, ...Parameters<GuestThread[K]>];
}[keyof GuestThread];
export type Answer = { readonly result: unknown } | { readonly code: string };

let thread: GuestThread | undefined;

function answer([name, ...args]: Message): Answer {
  try {
    if (name === "open") {
      thread = new GuestThread(args[0] as MemorySource);
      return { result: undefined };
    }
    if (thread === undefined) throw new Error("no memory is open");
    return { result: (thread[name] as (...args: unknown[]) => unknown).apply(thread, args) };
  } catch (error) {
    return { code: (error as { code?: string }).code ?? String(error) };
  }
}

const port = globalThis.process?.getBuiltinModule("node:worker_threads").parentPort;
if (port) port.on("message", (message) => port.postMessage(answer(message)));
else globalThis.onmessage = ({ data }) => globalThis.postMessage(answer(data));
