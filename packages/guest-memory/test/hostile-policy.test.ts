import { u16, u32 } from "@memkit/core";
import { BorrowChecker, GuestMemory } from "@memkit/guest-memory";
import { describe, expect, it } from "vitest";
import { codeOf } from "./support/model.js";

const PAGE = 65_536;

/** A policy that does something of its own whenever it is asked a question. */
class Meddler extends BorrowChecker {
  meddle: (() => void) | undefined;
  #meddle(): void {
    const { meddle } = this;
    this.meddle = undefined; // once: a policy that grows memory for ever helps nobody
    meddle?.();
  }
  override mutBorrow(start: number, len: number): number {
    this.#meddle();
    return super.mutBorrow(start, len);
  }
  override sharedBorrow(start: number, len: number): number {
    this.#meddle();
    return super.sharedBorrow(start, len);
  }
  override isMutBorrowed(start: number, len: number): boolean {
    this.#meddle();
    return super.isMutBorrowed(start, len);
  }
  override isSharedBorrowed(start: number, len: number): boolean {
    this.#meddle();
    return super.isSharedBorrowed(start, len);
  }
  override mutUnborrow(handle: number): void {
    this.#meddle();
    super.mutUnborrow(handle);
  }
}

/** Every way in which a memory asks its policy, at `p`. */
const ACCESSES: readonly (readonly [string, (mem: GuestMemory, p: number) => unknown])[] = [
  ["readU32", (mem, p) => mem.readU32(p)],
  ["writeU32", (mem, p) => mem.writeU32(p, 1)],
  ["read", (mem, p) => mem.read(u32, p)],
  ["write", (mem, p) => mem.write(u32, p, 1)],
  ["tryRead", (mem, p) => mem.tryRead(u32, p)],
  ["tryWrite", (mem, p) => mem.tryWrite(u32, p, 1)],
  ["copyIn", (mem, p) => mem.copyIn(p, new Uint8Array(4))],
  ["copyOut", (mem, p) => mem.copyOut(p, 4)],
  ["readString", (mem, p) => mem.readString(p, 4)],
  ["withSlice", (mem, p) => mem.withSlice(p, 4, (bytes) => expect(bytes.length).toBe(4))],
  ["withSliceMut", (mem, p) => mem.withSliceMut(p, 4, (bytes) => expect(bytes.length).toBe(4))],
  ["asSlice", (mem, p) => mem.arrayPtr(u16, p, 2).asSlice()?.at(1)],
  ["toVec", (mem, p) => mem.arrayPtr(u16, p, 2).toVec()],
];

describe.each(ACCESSES)("%s with a policy that", (_, access) => {
  it("grows the memory: the access goes through", () => {
    const source = new WebAssembly.Memory({ initial: 1, maximum: 8 });
    const policy = new Meddler();
    const mem = new GuestMemory(source, { policy });
    mem.mutBorrow({ start: 0, len: 1 }); // so that reads and writes ask
    mem.sharedBorrow({ start: 8, len: 1 });
    for (const p of [16, PAGE - 4]) {
      policy.meddle = () => source.grow(1);
      expect(codeOf(() => access(mem, p))).toBeUndefined();
    }
  });

  it("shrinks the memory: the access is out of bounds, and leaves no borrow", () => {
    const buffer = new ArrayBuffer(PAGE, { maxByteLength: PAGE });
    const policy = new Meddler();
    const mem = new GuestMemory({ buffer }, { policy });
    mem.mutBorrow({ start: 0, len: 1 });
    mem.sharedBorrow({ start: 8, len: 1 });
    policy.meddle = () => buffer.resize(64);
    const outcome = codeOf(() => {
      const result = access(mem, PAGE - 4) as { error?: { code: string } } | undefined;
      if (result?.error !== undefined) throw Object.assign(new Error(), result.error);
    });
    expect(outcome).toBe("ptr-out-of-bounds");
  });
});

describe("a policy that refuses to end a borrow", () => {
  it("leaves the guard live, to be dropped again", () => {
    const policy = new Meddler();
    const mem = new GuestMemory({ buffer: new ArrayBuffer(16) }, { policy });
    const guard = mem.arrayPtr(u16, 0, 2).asSliceMut()!;
    policy.meddle = () => {
      throw new Error("not now");
    };
    expect(() => guard.drop()).toThrow("not now");
    expect([guard.dropped, mem.hasOutstandingBorrows()]).toEqual([false, true]);
    guard.drop();
    expect([guard.dropped, mem.hasOutstandingBorrows()]).toEqual([true, false]);
  });

  it("may drop the guard itself meanwhile", () => {
    const policy = new Meddler();
    const mem = new GuestMemory({ buffer: new ArrayBuffer(16) }, { policy });
    const guard = mem.arrayPtr(u16, 0, 2).asSliceMut()!;
    policy.meddle = () => expect(codeOf(() => guard.drop())).toBe("released");
    guard.drop();
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });
});
