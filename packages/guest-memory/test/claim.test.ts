import type { MemorySource } from "@memkit/core";
import { GuestError, GuestMemory } from "@memkit/guest-memory";
import { describe, expect, it } from "vitest";
import { codeOf } from "./support/model.js";

describe("one checker per memory (GM-5)", () => {
  it("two GuestMemory over one source share their borrows", () => {
    const source: MemorySource = { buffer: new ArrayBuffer(8) };
    const a = new GuestMemory(source);
    const b = new GuestMemory(source);
    const handle = a.mutBorrow({ start: 0, len: 4 });
    expect(codeOf(() => b.readU8(0))).toBe("ptr-borrowed");
    b.mutUnborrow(handle);
    expect(a.hasOutstandingBorrows()).toBe(false);
  });

  it("the same buffer through another source is refused while the first still holds it", () => {
    const first = { buffer: new ArrayBuffer(8) };
    const mem = new GuestMemory(first);
    expect(codeOf(() => new GuestMemory({ buffer: first.buffer }))).toBe("memory-claimed");
    const second = { buffer: new ArrayBuffer(8) };
    const other = new GuestMemory(second);
    second.buffer = first.buffer; // stolen later
    expect(codeOf(() => other.refresh())).toBe("memory-claimed");
    const old = first.buffer;
    first.buffer = new ArrayBuffer(16);
    mem.refresh();
    expect(new GuestMemory({ buffer: old }).byteLength).toBe(8);
  });

  it("of a shared memory too, until it grew: then the buffer is another one", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
    new GuestMemory(memory);
    const { buffer } = memory;
    expect(codeOf(() => new GuestMemory({ buffer }))).toBe("memory-claimed");
    memory.grow(1);
    expect(new GuestMemory({ buffer }).byteLength).toBe(65_536); // the same bytes: no borrow of them exists
  });

  it("options must agree with the first", () => {
    const source = { buffer: new ArrayBuffer(8) };
    new GuestMemory(source);
    expect(codeOf(() => new GuestMemory(source, { target: "wasm64" }))).toBe("options-differ");
    expect(new GuestMemory(source, { target: "wasm32" }).target).toBe("wasm32");
    expect(new GuestMemory(source)).toBeInstanceOf(GuestMemory);
    expect(new GuestError({ code: "options-differ", option: "policy" }).message).toContain(
      "policy",
    );
  });
});
