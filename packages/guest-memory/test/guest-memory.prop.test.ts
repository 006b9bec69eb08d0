import { enumeration, struct, u8, u16, u32 } from "@memkit/core";
import { GuestError, type GuestSliceMut } from "@memkit/guest-memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Access, ByteModel } from "./kinds/byte-model.js";
import { type MemoryKind, open, PAGE } from "./kinds/memory-kind.js";
import { codeOf } from "./support/model.js";
import { KINDS } from "./support/sources.js";

const state = enumeration(u8, ["off", "on"]).named("state");
const record = struct(["state", state], ["size", u16]);

/** A machine: one memory, and what is believed of it. Every step says what it expects before it looks. */
class Machine {
  readonly #kind: MemoryKind;
  readonly #subject;
  readonly #model: ByteModel;
  readonly #guards: { guard: GuestSliceMut; handle: number; start: number; len: number }[] = [];
  #guarded = -1;
  #grown = 0;
  tried = 0;
  refused = 0;

  constructor(kind: MemoryKind) {
    this.#kind = kind;
    this.#subject = open(kind);
    this.#model = new ByteModel(kind.origin, kind.shared);
  }

  /** The pointer that `n` stands for: within the last page or, if negative, at the end of the address space. */
  #at(n: number): [pointer: number, start: number] {
    const { mem, at, abs } = this.#subject;
    if (n >= 0) return [at(n), abs(n)];
    const start = mem.maxAddress + 1 + n;
    return [mem.target === "wasm32" ? n : start, start];
  }

  /** Runs an access, which must end as the model says; true if it went through. */
  #access(run: () => void, expected: string | undefined): boolean {
    this.tried++;
    if (expected !== undefined) this.refused++;
    expect(codeOf(run)).toBe(expected);
    return expected === undefined;
  }

  #plain(
    access: Access,
    n: number,
    len: number,
    align: number,
    run: (p: number, start: number) => void,
  ): boolean {
    const [p, start] = this.#at(n);
    return this.#access(() => run(p, start), this.#model.verdict(access, start, len, align));
  }

  readonly steps: Readonly<Record<string, (n: number, len: number, byte: number) => void>> = {
    borrow: (n, len, byte) => {
      const [p, start] = this.#at(n);
      const kind = byte % 2 === 0 ? "mut" : "shared";
      const expected = this.#model.refusal(kind === "mut" ? "view mut" : "view", start, len);
      this.#access(() => {
        const result = this.#subject.mem.tryBorrow(kind, { start: p, len });
        if (!result.ok) throw new GuestError(result.error);
        this.#model.borrow(result.value, kind, start, len);
      }, expected);
    },
    release: (_n, _len, byte) => {
      const handles = [...this.#model.live].filter(([handle]) => handle >= 0);
      const [handle, borrow] = handles[byte % Math.max(1, handles.length)] ?? [];
      if (handle === undefined || borrow === undefined) return;
      const { mem } = this.#subject;
      const [right, wrong] = [mem.mutUnborrow.bind(mem), mem.sharedUnborrow.bind(mem)];
      const [end, other] = borrow.kind === "mut" ? [right, wrong] : [wrong, right];
      expect(codeOf(() => other(handle))).toBe("wrong-handle-kind");
      end(handle);
      expect(codeOf(() => end(handle))).toBe("stale-handle");
      this.#model.live.delete(handle);
    },
    readU32: (n) => {
      const { mem } = this.#subject;
      this.#plain("read", n, 4, 4, (p, start) =>
        expect(mem.readU32(p)).toBe(this.#model.number(start, 4)),
      );
    },
    writeU16: (n, _len, byte) => {
      const { mem } = this.#subject;
      this.#plain("write", n, 2, 2, (p, start) => {
        mem.writeU16(p, byte * 257);
        this.#model.write(start, [byte, byte]);
      });
    },
    readRecord: (n) => {
      const { mem } = this.#subject;
      const [p, start] = this.#at(n);
      const verdict = this.#model.verdict("read", start, 4, 2);
      const known = verdict !== undefined || this.#model.number(start, 1) < 2;
      this.#access(
        () =>
          expect(mem.ptr(record, p).read()).toEqual({
            state: this.#model.number(start, 1),
            size: this.#model.number(start + 2, 2),
          }),
        known ? verdict : "invalid-enum-value",
      );
    },
    writeRecord: (n, _len, byte) => {
      const { mem } = this.#subject;
      const [p, start] = this.#at(n);
      const value = { state: byte % 3, size: byte };
      const verdict = this.#model.verdict("write", start, 4, 2);
      const good = this.#access(
        () => mem.ptr(record, p).write(value as never),
        verdict ?? (value.state < 2 ? undefined : "invalid-enum-value"),
      );
      if (!good) return;
      this.#model.write(start, [value.state]); // the padding stays
      this.#model.write(start + 2, [byte, 0]);
    },
    copyIn: (n, len, byte) => {
      const { mem } = this.#subject;
      const data = new Uint8Array(len).fill(byte);
      this.#plain("write", n, len, 1, (p, start) => {
        mem.copyIn(p, data);
        this.#model.write(start, data);
      });
    },
    copyOut: (n, len) => {
      const { mem } = this.#subject;
      this.#plain("read", n, len, 1, (p, start) =>
        expect(mem.copyOut(p, len)).toEqual(this.#model.read(start, len)),
      );
    },
    vector: (n, len, byte) => {
      const array = (p: number) => this.#subject.mem.arrayPtr(u16, p, len >> 1);
      const size = (len >> 1) * 2;
      this.#plain("write", n, size, 2, (p, start) => {
        array(p).copyFromSlice(new Uint16Array(len >> 1).fill(byte * 257));
        this.#model.write(start, new Uint8Array(size).fill(byte));
      });
      this.#plain("read", n, size, 2, (p, start) => {
        const { buffer } = this.#model.read(start, size);
        expect(array(p).toVec()).toEqual(new Uint16Array(buffer));
      });
    },
    text: (n, len, byte) => {
      const { mem } = this.#subject;
      if (byte % 3 === 0) {
        const written = ["é€🙂", "plain", "\ufeff", ""][byte % 4]!;
        const bytes = new TextEncoder().encode(written);
        this.#plain("write", n, bytes.length, 1, (p, start) => {
          expect(mem.writeString(p, written)).toBe(bytes.length);
          this.#model.write(start, bytes);
        });
      }
      const [p, start] = this.#at(n);
      const verdict = this.#model.verdict("read", start, len);
      const text = verdict === undefined ? this.#model.text(start, len) : undefined;
      const expected = verdict ?? (text === undefined ? "invalid-utf8" : undefined);
      this.#access(() => expect(mem.readString(p, len)).toBe(text), expected);
      this.#access(() => {
        const cow = mem.strPtr(p, len).asCow();
        expect(cow.text()).toBe(text);
        cow.drop();
      }, expected);
    },
    scoped: (n, len, byte) => {
      const { mem } = this.#subject;
      this.#plain("view mut", n, len, 1, (p, start) => {
        mem.withSliceMut(p, len, (bytes) => bytes.fill(byte));
        this.#model.write(start, new Uint8Array(len).fill(byte));
      });
      this.#plain("view", n, len, 1, (p, start) =>
        mem.withSlice(p, len, (bytes) =>
          expect(bytes.slice()).toEqual(this.#model.read(start, len)),
        ),
      );
    },
    guard: (n, len) => {
      const { mem } = this.#subject;
      if (this.#kind.shared) {
        const [p, start] = this.#at(n);
        const outside = this.#model.verdict("read", start, len);
        this.#access(() => expect(mem.arrayPtr(u8, p, len).asSliceMut()).toBeNull(), outside);
        return;
      }
      this.#plain("view mut", n, len, 1, (p, start) => {
        const guard = mem.arrayPtr(u8, p, len).asSliceMut()!;
        const handle = this.#guarded--;
        this.#guards.push({ guard, handle, start, len });
        this.#model.borrow(handle, "mut", start, len);
      });
    },
    useGuard: (_n, _len, byte) => {
      const held = this.#guards[byte % Math.max(1, this.#guards.length)];
      if (held === undefined || held.len === 0) return;
      const { guard, start, len } = held;
      const there = start + len <= this.#kind.origin + this.#model.bytes.length;
      this.#access(
        () => {
          expect(guard.toVec()).toEqual(this.#model.read(start, len));
          guard.set(byte % len, byte);
          this.#model.write(start + (byte % len), [byte]);
          expect(guard.at(byte % len)).toBe(byte);
        },
        there ? undefined : "ptr-out-of-bounds",
      );
    },
    dropGuard: (_n, _len, byte) => {
      const [held] = this.#guards.splice(byte % Math.max(1, this.#guards.length), 1);
      if (held === undefined) return;
      held.guard.drop();
      expect(codeOf(() => held.guard.at(0))).toBe("released");
      this.#model.live.delete(held.handle);
    },
    atomics: (n, len, byte) => {
      const { atomics } = this.#subject;
      this.#plain("read", n, 4, 4, (p, start) =>
        expect(atomics.load(u32, p)).toBe(this.#model.number(start, 4)),
      );
      this.#plain("write", n, 1, 1, (p, start) => {
        const old = this.#model.number(start, 1);
        expect(atomics.add(u8, p, byte)).toBe(old);
        this.#model.write(start, [(old + byte) % 256]);
      });
      this.#plain("write", n, 2, 2, (p, start) => {
        const old = this.#model.number(start, 2);
        expect(atomics.compareExchange(u16, p, old ^ (len & 1), byte)).toBe(old);
        if ((len & 1) === 0) this.#model.write(start, [byte, 0]);
      });
    },
    grow: () => {
      const { memory } = this.#subject;
      if (memory.grow === undefined || this.#grown > 0) return;
      memory.grow();
      this.#grown++;
      this.#model.resize(this.#model.bytes.length + PAGE);
    },
    shrink: () => {
      const { memory } = this.#subject;
      if (memory.shrink === undefined || this.#grown === 0) return;
      memory.shrink();
      this.#grown--;
      this.#model.resize(this.#model.bytes.length - PAGE);
    },
    churn: () => this.#subject.churn(),
  };

  /** In the end both are the same. */
  compare(): void {
    const { mem } = this.#subject;
    const { bytes, live } = this.#model;
    expect(mem.byteLength).toBe(this.#kind.origin + bytes.length);
    expect(mem.hasOutstandingBorrows()).toBe(live.size !== 0);
    expect(mem.outstandingBorrows().length).toBe(live.size);
    const real = mem.base().subarray(this.#kind.origin);
    expect(real.findIndex((byte, i) => byte !== bytes[i])).toBe(-1);
  }
}

const NAMES = Object.keys(new Machine(KINDS[0]!).steps);

const step = fc.record({
  name: fc.constantFrom(...NAMES),
  // Near the start of the page, where the borrows are, near its end, where the bounds are, and beyond everything.
  at: fc.oneof(
    { weight: 6, arbitrary: fc.nat({ max: 63 }) },
    { weight: 3, arbitrary: fc.integer({ min: PAGE - 8, max: PAGE + 8 }) },
    { weight: 1, arbitrary: fc.integer({ min: -4, max: -1 }) },
  ),
  len: fc.nat({ max: 12 }),
  byte: fc.integer({ min: 1, max: 255 }),
});

describe.each(KINDS.map((kind) => [kind.name, kind] as const))("GuestMemory over %s", (_, kind) => {
  it("is a byte array with rules, whatever is done to it (GM-6, GM-7, GM-8, GM-9)", () => {
    let tried = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 15, maxLength: 60 }), (steps) => {
        const machine = new Machine(kind);
        for (const { name, at, len, byte } of steps) machine.steps[name]!(at, len, byte);
        machine.compare();
        tried += machine.tried;
        refused += machine.refused;
      }),
      { numRuns: kind.origin === 0 ? 50 : 20 }, // making 4 GiB takes its time, virtual or not
    );
    expect(refused / tried).toBeGreaterThan(0.2);
  });
});
