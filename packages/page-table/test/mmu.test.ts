/** Accesses: what the recorded answers do not ask. See walk.answers.test.ts for those. */

import {
  ACCESSED,
  aarch64Format,
  DIRTY,
  EXECUTE,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { Mmu, type MmuSettings, PageTableError, rightsText, Walker } from "@memkit/page-table/walk";
import { describe, expect, it } from "vitest";
import { Tables } from "./support/tables.js";

const RW = pageProperty(READ | WRITE);
const RWU = pageProperty(READ | WRITE | USER);
const read = { kind: "read" } as const;
const write = { kind: "write" } as const;

const mmuOf = (tables: Tables, settings: MmuSettings = {}): Mmu =>
  new Mmu({ format: tables.format, memory: tables.memory, root: tables.root, settings });

describe("an access that crosses a page", () => {
  const tables = (): Tables => new Tables(x86Format()).map(0x1000n, 9, RWU).map(0x2000n, 7, RWU);

  it("has two parts", () => {
    const parts = [
      { pfn: 9, offset: 0xffd, len: 3, mmio: false },
      { pfn: 7, offset: 0, len: 5, mmio: false },
    ];
    expect(mmuOf(tables()).access(0x1ffd, 8, write)).toEqual({ kind: "memory", parts });
    expect(mmuOf(tables()).access(0x1000, 4096, write).kind).toBe("memory");
  });

  it("PT-7: faults where its second page does, and has marked nothing", () => {
    const t = tables().map(0x2000n, 7, pageProperty(READ | USER));
    const before = new Uint8Array(t.buffer.slice(0));
    const answer = mmuOf(t).access(0x1ffd, 8, { kind: "write", mode: "user" });
    expect(answer).toMatchObject({ kind: "fault", exception: 14, code: 7, va: 0x2000n, level: 1 });
    expect(new Uint8Array(t.buffer.slice(0))).toEqual(before);
  });

  it("marks both pages", () => {
    const t = tables();
    mmuOf(t).access(0x1ffd, 8, write);
    for (const va of [0x1000n, 0x2000n]) expect(t.get(...t.slot(va, 1)) & 0x60n).toBe(0x60n);
    expect(t.get(t.root, 0) & 0x20n).toBe(0x20n);
  });

  it("wraps at the end of the address space", () => {
    const t = new Tables(x86Format()).map(0xffff_ffff_ffff_f000n, 9, RW).map(0n, 7, RW);
    const answer = mmuOf(t).access(2n ** 64n - 1n, 2, read);
    expect(answer).toMatchObject({
      kind: "memory",
      parts: [
        { pfn: 9, len: 1 },
        { pfn: 7, len: 1 },
      ],
    });
  });

  it("says which part is a device", () => {
    const t = new Tables(x86Format(), { mmio: [{ firstPfn: 100, frames: 1 }] });
    const mmu = mmuOf(t.map(0x1000n, 9, RW).map(0x2000n, 100, RW));
    expect(mmu.access(0x1fff, 2, read)).toEqual({
      kind: "mmio",
      parts: [
        { pfn: 9, offset: 0xfff, len: 1, mmio: false },
        { pfn: 100, offset: 0, len: 1, mmio: true },
      ],
    });
  });
});

describe("no memory", () => {
  it.each([
    [x86Format(), "read", -1, 0, 0],
    [riscvFormat(), "read", 5, 5, 5],
    [riscvFormat(), "write", 7, 7, 7],
    [riscvFormat(), "execute", 1, 1, 1],
    [aarch64Format(), "read", 0x25, 0x16, 0x10],
    [aarch64Format(), "execute", 0x21, 0x16, 0x10],
  ] as const)("%o: %s", (format, kind, exception, tableCode, dataCode) => {
    const t = new Tables(format).map(0n, 1000, pageProperty(READ | WRITE | EXECUTE | ACCESSED));
    const table = format.dialect.arch === "riscv" ? 1n << 20n : (1n << 22n) | 3n;
    t.put(2n ** 30n, format.dialect.arch === "riscv" ? table | 1n : table, 3);
    const mmu = mmuOf(t);
    expect(mmu.access(0, 1, { kind })).toMatchObject({
      kind: "outside",
      pfn: 1000,
      level: 0,
      exception,
      code: dataCode,
    });
    expect(mmu.access(2 ** 30, 1, { kind })).toMatchObject({
      kind: "outside",
      pfn: 1024,
      level: 2,
      exception,
      code: tableCode,
    });
  });

  it("PT-6: a memory that shrinks or is detached is outside, until it is there again", () => {
    const source = { buffer: new ArrayBuffer(8 * 4096) };
    const t = new Tables(x86Format(), { frames: 8, buffer: source.buffer });
    t.map(0n, 7, RW);
    const memory = new Tables(x86Format(), { frames: 8, buffer: source.buffer }).memory;
    const walker = new Walker({ format: x86Format(), memory, root: 0 });
    expect(walker.translate(0)).toBe(true);
    structuredClone(source.buffer, { transfer: [source.buffer] });
    expect(() => walker.translate(0)).toThrow(expect.objectContaining({ code: "source-detached" }));
  });
});

describe("pages that are fetched", () => {
  const format = x86Format();
  const t = new Tables(format).map(0x5000n, 9, RW);
  const pageOf = (pfn: number): Uint8Array =>
    new Uint8Array(t.buffer as ArrayBuffer, pfn * 4096, 4096);

  it("PT-6: are asked for, and the access is tried again", () => {
    const loaded = new Set<number>();
    const memory = { page: (pfn: number) => (loaded.has(pfn) ? pageOf(pfn) : undefined) };
    const mmu = new Mmu({ format, memory, root: 0 });
    const asked: number[] = [];
    for (;;) {
      const answer = mmu.access(0x5000, 8, read);
      if (answer.kind !== "page-missing") {
        expect(answer.kind).toBe("memory");
        break;
      }
      asked.push(answer.pfn);
      loaded.add(answer.pfn);
    }
    expect(asked).toEqual([0, 1, 2, 3, 9]);
    expect(t.get(3, 5) & 0x20n).toBe(0n); // a dump is not written to unless asked
  });

  it("may lie anywhere in a file", () => {
    const file = new Uint8Array(33 * 4096 + 1);
    file.set(new Uint8Array(t.buffer as ArrayBuffer), 1);
    const memory = { page: (pfn: number) => file.subarray(pfn * 4096 + 1, pfn * 4096 + 4097) };
    const settings = { accessedDirty: "update" } as const;
    const mmu = new Mmu({ format, memory, root: 0, settings });
    expect(mmu.access(0x5000, 8, write).kind).toBe("memory");
    expect(file[3 * 4096 + 5 * 8 + 1]! & 0x60).toBe(0x60);
  });

  it("may be at any frame, also beyond 2^31", () => {
    const far = 2 ** 39;
    const page = new Uint8Array(4096);
    const memory = { page: (pfn: number) => (pfn === far ? page : ("absent" as const)) };
    const walker = new Walker({ format: riscvFormat(), memory, root: far });
    new DataView(page.buffer).setBigUint64(0, (1n << 53n) | 3n, true); // a leaf at frame 2^43
    expect(walker.translate(0x5123)).toBe(true);
    expect(walker.pfn).toBe(2 ** 43 + 5);
    walker.setRoot(1);
    expect(walker.translate(0)).toBe(false);
  });

  it.each([
    [
      "page-source-threw",
      () => {
        throw new RangeError("disk");
      },
    ],
    ["invalid-page", () => new Uint8Array(8)],
    ["invalid-page", () => null as unknown as undefined],
    ["invalid-page", () => new DataView(new ArrayBuffer(4096)) as unknown as undefined],
  ])("that are wrong are %s", (code, page) => {
    const walker = new Walker({ format, memory: { page }, root: 3 });
    expect(() => walker.translate(0)).toThrow(PageTableError);
    expect(() => walker.translate(0)).toThrow(expect.objectContaining({ code, pfn: 3 }));
  });
});

describe("memories", () => {
  it.each([
    ["shared", () => new SharedArrayBuffer(32 * 4096)],
    ["resizable", () => new ArrayBuffer(32 * 4096, { maxByteLength: 64 * 4096 })],
  ])("PT-6: %s", (_, make) => {
    const t = new Tables(x86Format(), { buffer: make() }).map(0x7000n, 9, RW);
    const mmu = mmuOf(t);
    expect(mmu.access(0x7001, 4, write).kind).toBe("memory");
    expect(t.get(3, 7) & 0x60n).toBe(0x60n);
    t.put(0x7000n, 0n);
    expect(mmu.access(0x7001, 4, write).kind).toBe("fault");
  });

  it("PT-6: at frames around 2^31, where integers end", () => {
    const t = new Tables(riscvFormat(), { first: 2 ** 31 - 16 }).map(0n, 2 ** 31, RW);
    const walker = new Walker({ format: t.format, memory: t.memory, root: t.root });
    expect([walker.translate(0xabc), walker.pfn, walker.offset]).toEqual([true, 2 ** 31, 0xabc]);
  });
});

describe("settings", () => {
  it.each([
    [x86Format(), { sum: true }],
    [x86Format(), { maxPhysAddr: 31 }],
    [x86Format(), { maxPhysAddr: 53 }],
    [x86Format(), { maxPhysAddr: 40.5 }],
    [x86Format(), { pkru: -1 }],
    [x86Format(), { accessedDirty: "fault" }],
    [x86Format(), { wp: 1 }],
    [x86Format(), { hasOwnProperty: true }],
    [riscvFormat(), { smap: true }],
    [aarch64Format(), { t0sz: 15 }],
    [aarch64Format(), { t1sz: 40 }],
    [aarch64Format(), { ips: 52 }],
    [aarch64Format(), { ips: 33 }],
    [aarch64Format(), { ips: 47 }],
  ])("PT-3: %o refuses %o and stays as it was", (format, settings) => {
    const mmu = mmuOf(new Tables(format).map(0n, 9, RW));
    const { status, settings: before } = mmu;
    const refused = expect.objectContaining({ code: "invalid-setting" });
    expect(() => mmu.configure(settings as MmuSettings)).toThrow(refused);
    expect([mmu.status, mmu.settings]).toEqual([status, before]);
    expect(mmu.translate(0)).toBe(true);
  });

  it("PT-3: are a walker's own, whatever becomes of the caller's", () => {
    const given: { wp: boolean; smep?: boolean } = { wp: false };
    const mmu = mmuOf(new Tables(x86Format()), given);
    Object.assign(given, { wp: true, smep: true });
    expect(mmu.settings).toEqual({ wp: false });
    expect(Object.isFrozen(mmu.settings)).toBe(true);
  });

  it("of one access are flags only", () => {
    const mmu = mmuOf(new Tables(x86Format()));
    const settings = { nxe: false } as object;
    expect(() => mmu.access(0, 1, { kind: "read", settings })).toThrow(
      "a processor of x86-64 cannot be set so: nxe to one access",
    );
  });

  it("PT-3: left out are at their default again", () => {
    const t = new Tables(x86Format()).put(0n, (1n << 41n) | 1n);
    const mmu = mmuOf(t, { maxPhysAddr: 40, nxe: false });
    expect(mmu.access(0, 1, read)).toMatchObject({ code: 9, reason: "malformed" });
    mmu.configure({});
    expect(mmu.translate(0)).toBe(true);
  });

  it.each([0, 4097, -1, 1.5, Number.NaN])("no access has %d bytes", (size) => {
    const mmu = mmuOf(new Tables(x86Format()).map(0n, 9, RW));
    expect(() => mmu.access(0, size, read)).toThrow(
      expect.objectContaining({ code: "invalid-size", size }),
    );
  });

  it.each([-1, 0.5, 2 ** 52, Number.NaN])("no root is in frame %d", (root) => {
    const t = new Tables(x86Format());
    const refused = expect.objectContaining({ code: "invalid-pfn" });
    expect(() => new Walker({ format: t.format, memory: t.memory, root })).toThrow(refused);
    expect(() => mmuOf(t).setRoot(root)).toThrow(refused);
  });
});

describe("RISC-V", () => {
  it("faults on accessed and dirty bits when software sets them", () => {
    const t = new Tables(riscvFormat())
      .map(0n, 9, RW)
      .map(0x1000n, 9, pageProperty(READ | WRITE | ACCESSED));
    const mmu = mmuOf(t, { accessedDirty: "fault" });
    expect(mmu.access(0, 1, read)).toMatchObject({ code: 13, reason: "not-accessed" });
    expect(mmu.access(0x1000, 1, read).kind).toBe("memory");
    expect(mmu.access(0x1000, 1, write)).toMatchObject({ code: 15, reason: "not-dirty" });
    t.map(0x1000n, 9, pageProperty(READ | WRITE | ACCESSED | DIRTY));
    expect(mmu.access(0x1000, 1, write).kind).toBe("memory");
    mmu.configure({ accessedDirty: "ignore" });
    expect(mmu.access(0, 1, write).kind).toBe("memory");
    expect(t.get(...t.slot(0n, 1)) & 0xc0n).toBe(0n);
  });

  it("faults on a misaligned superpage, and on an entry of level 1 that grants nothing", () => {
    const t = new Tables(riscvFormat()).put(0n, (1n << 10n) | 0xcfn, 2).put(2n ** 30n, 0x401n);
    expect(mmuOf(t).access(0, 1, read)).toMatchObject({ code: 13, reason: "malformed", level: 2 });
    expect(mmuOf(t).access(2 ** 30, 1, read)).toMatchObject({ code: 13, level: 1 });
  });

  it("takes memory types with Svpbmt only, and never the fourth", () => {
    const word = (type: bigint): bigint => (type << 61n) | 0xcfn;
    const reason = (svpbmt: boolean, type: bigint): unknown => {
      const t = new Tables(riscvFormat({ svpbmt })).put(0n, word(type));
      return mmuOf(t).access(0, 1, read).kind;
    };
    expect([1n, 2n, 3n].map((type) => reason(true, type))).toEqual(["memory", "memory", "fault"]);
    expect(reason(false, 1n)).toBe("fault");
  });
});

describe("x86-64", () => {
  it("reads PAT, not an address, from bit 12 of a huge page", () => {
    const t = new Tables(x86Format()).put(0n, 0x20_1083n, 2).put(2n ** 30n, 0x20_2083n, 2);
    const mmu = mmuOf(t);
    expect([mmu.translate(0x3000), mmu.pfn]).toEqual([true, 0x203]);
    expect(mmu.access(2 ** 30, 1, read)).toMatchObject({ code: 9, level: 2 });
  });

  it("has a general protection fault for an address that is not canonical", () => {
    const t = new Tables(x86Format());
    for (const va of [2n ** 47n, 0xffff_7fff_ffff_ffffn]) {
      expect(mmuOf(t).access(va, 1, read)).toMatchObject({ exception: 13, code: 0, va });
    }
  });
});

describe("AArch64", () => {
  const format = aarch64Format();
  const ok = pageProperty(READ | WRITE | ACCESSED);
  const user = pageProperty(READ | WRITE | USER | ACCESSED);
  const code = (
    t: Tables,
    va: bigint,
    settings: MmuSettings,
    kind = "read",
    mode = "supervisor",
  ) => {
    const answer = mmuOf(t, settings).access(va, 1, { kind, mode } as never);
    return answer.kind === "fault" ? answer.code : answer.kind;
  };

  it("TTBR1 has the upper half, and without one there is a level 0 translation fault", () => {
    const va = 0xffff_0000_0000_1000n;
    const t = new Tables(format).map(va, 9, ok);
    const init = { format, memory: t.memory, root: 20, rootHigh: t.root };
    expect(new Mmu(init).access(va, 1, read).kind).toBe("memory");
    expect(new Mmu({ ...init, settings: { epd1: true } }).access(va, 1, read)).toMatchObject({
      code: 4,
      reason: "disabled",
      exception: 0x25,
    });
    expect(code(t, va, {})).toBe(4);
    expect(code(t, 0x1000n, { epd0: true })).toBe(4);
  });

  it("T0SZ: the root is where the bits end", () => {
    for (const [t0sz, levels] of [
      [16, 4],
      [24, 4],
      [25, 3],
      [28, 3],
      [33, 3],
      [34, 2],
      [39, 2],
    ] as const) {
      const top = 2n ** BigInt(64 - t0sz);
      const t = new Tables(format);
      t.put(top - 4096n, 0x9000n | 0x703n, 1, levels);
      expect(code(t, top - 4096n, { t0sz })).toBe("memory");
      expect(code(t, top, { t0sz })).toBe(4);
      // The upper half, whose addresses begin with ones.
      const mmu = new Mmu({
        format,
        memory: t.memory,
        root: 20,
        rootHigh: 0,
        settings: { t1sz: t0sz },
      });
      expect(mmu.access(2n ** 64n - 4096n, 1, read).kind).toBe("memory");
      expect(mmu.access(2n ** 64n - top - 1n, 1, read)).toMatchObject({ code: 4 });
    }
  });

  it("TBI: the top byte is nobody's", () => {
    const t = new Tables(format).map(0x1000n, 9, ok);
    const va = 0xab00_0000_0000_1000n;
    expect(code(t, va, {})).toBe(4);
    expect(code(t, va, { tbi0: true })).toBe("memory");
    expect(code(t, va | (1n << 48n), { tbi0: true })).toBe(4);
  });

  it("HPD: table entries take no rights away", () => {
    const t = new Tables(format).map(0n, 9, user);
    t.set(t.root, 0, t.get(t.root, 0) | (3n << 61n));
    expect(code(t, 0n, {}, "write", "user")).toBe(0xf);
    expect(code(t, 0n, { hpd0: true }, "write", "user")).toBe("memory");
    expect(code(t, 0n, { hpd1: true }, "write", "user")).toBe(0xf);
  });

  it("WXN and PAN", () => {
    const x = pageProperty(READ | WRITE | EXECUTE | ACCESSED);
    const t = new Tables(format)
      .map(0n, 9, x)
      .map(0x1000n, 9, x | USER)
      .map(0x2000n, 9, user);
    expect(code(t, 0n, {}, "execute")).toBe("memory");
    expect(code(t, 0n, { wxn: true }, "execute")).toBe(0xf);
    expect(code(t, 0x1000n, {}, "execute", "user")).toBe("memory");
    expect(code(t, 0x1000n, { wxn: true }, "execute", "user")).toBe(0xf);
    // What the user may write the supervisor never executes.
    expect(code(t, 0x1000n, {}, "execute")).toBe(0xf);
    expect(code(t, 0x2000n, {})).toBe("memory");
    expect(code(t, 0x2000n, { pan: true })).toBe(0xf);
    expect(code(t, 0x2000n, { pan: true }, "read", "user")).toBe("memory");
  });

  it("AF: a fault, or set with HA", () => {
    const t = new Tables(format).map(0n, 9, RW);
    expect(code(t, 0n, {})).toBe(0xb);
    expect(code(t, 0n, { accessedDirty: "ignore" })).toBe("memory");
    expect(code(t, 0n, { accessedDirty: "update", ha: false })).toBe(0xb);
    expect(t.get(...t.slot(0n, 1)) & 0x400n).toBe(0n);
    expect(code(t, 0n, { ha: true })).toBe("memory");
    expect(t.get(...t.slot(0n, 1)) & 0x400n).toBe(0x400n);
  });

  it("HD: DBM is a permission to write, and writing clears AP2", () => {
    const dbm = (1n << 51n) | 0x9000n | 0x783n; // AF, AP2, page
    const make = (): Tables => new Tables(format).put(0n, dbm);
    expect(code(make(), 0n, { ha: true }, "write")).toBe(0xf);
    expect(code(make(), 0n, { hd: true }, "write")).toBe(0xf);
    const t = make();
    expect(code(t, 0n, { ha: true, hd: true })).toBe("memory");
    expect(t.get(...t.slot(0n, 1))).toBe(dbm);
    expect(code(t, 0n, { accessedDirty: "update" }, "write")).toBe("memory");
    expect(t.get(...t.slot(0n, 1))).toBe(dbm & ~0x80n);
  });

  it("IPS: an address too large is an address size fault, at the level of the entry", () => {
    const t = new Tables(format).put(0n, (1n << 40n) | 0x703n).put(2n ** 39n, (1n << 40n) | 3n, 3);
    expect(code(t, 0n, { ips: 40 })).toBe(3);
    expect(code(t, 2n ** 39n, { ips: 40 })).toBe(1);
    expect(code(t, 0n, { ips: 42 })).toBe("outside");
  });

  it("IPS: so is a root too large, at level 0, wherever the walk begins", () => {
    const limit = 2 ** 20; // 4 GiB
    const high = new Tables(format, { first: limit });
    for (const [t0sz, start] of [
      [16, 4],
      [25, 5],
    ] as const) {
      expect(code(high, 0n, { ips: 36, t0sz })).toBe(start);
      expect(code(high, 0n, { ips: 32, t0sz })).toBe(0);
    }
    // Both roots in what the short way sees.
    const t = new Tables(format, { first: limit - 8 }).map(0n, limit - 1, ok);
    const mmu = mmuOf(t, { ips: 32 });
    for (const root of [limit - 8, limit, limit - 8]) {
      mmu.setRoot(root);
      expect(mmu.access(0n, 1, read)).toMatchObject(
        root < limit ? { kind: "memory" } : { code: 0, reason: "address-size" },
      );
    }
  });

  it("an entry of level 1 without bit 1, and a block at level 0, are translation faults", () => {
    const t = new Tables(format).put(0n, 0x9701n).put(2n ** 39n, 0x701n, 4);
    expect(code(t, 0n, {})).toBe(7);
    expect(code(t, 2n ** 39n, {})).toBe(4);
  });
});

describe("tables that lie", () => {
  it.each([
    [x86Format({ levels: 5 }), 0x67n],
    [riscvFormat({ sv: 57 }), 1n],
    [aarch64Format(), 0x403n],
  ])("PT-4: a table that is its own child ends: %o", (format, entry) => {
    const t = new Tables(format);
    for (let i = 0; i < 512; i++) t.set(0, i, entry);
    const walker = new Walker({ format, memory: t.memory, root: 0 });
    for (const va of [0n, 0x1234_5678_9000n]) {
      const mapped = walker.translate(va);
      expect([mapped, walker.level]).toEqual([format.dialect.arch !== "riscv", 1]);
    }
  });

  it("PT-4: junk is an answer", () => {
    let seed = 1;
    const random = (): number => {
      seed = Math.imul(seed, 1664525) + 1013904223; // Numerical Recipes, "An Even Quicker Generator"
      return seed;
    };
    for (const format of [
      x86Format(),
      x86Format({ levels: 5 }),
      riscvFormat({ sv: 57 }),
      aarch64Format(),
    ]) {
      const t = new Tables(format);
      const words = new Int32Array(t.buffer);
      const mmu = mmuOf(t, { accessedDirty: "update" });
      for (let round = 0; round < 300; round++) {
        for (let i = 0; i < 64; i++) {
          const at = random() >>> 17;
          words[at] =
            i % 2 ? random() : ((random() & 0x1f) << (i % 4 ? 12 : 10)) | (random() & 0xff) | 1;
          words[at ^ 1] = i % 3 ? 0 : random();
        }
        const va = BigInt.asUintN(64, (BigInt(random()) << 32n) | BigInt(random() >>> 0));
        for (const kind of ["read", "write", "execute"] as const) {
          const { kind: answer } = mmu.access(va % (round % 2 ? 2n ** 64n : 2n ** 30n), 64, {
            kind,
          });
          expect(["memory", "fault", "outside"]).toContain(answer);
        }
      }
    }
  });
});

describe("software entries", () => {
  it("mean what the hook says in a translation, and nothing in an access", () => {
    const t = new Tables(x86Format()).put(0n, 0x9102n).put(0x1000n, 0x50n).put(0x2000n, 0n);
    const calls: number[] = [];
    const mmu = new Mmu({
      format: t.format,
      memory: t.memory,
      root: 0,
      software: (lo, _hi, level) => {
        calls.push(level);
        return lo & 0x100 ? { name: "PROT_NONE", pfn: lo >>> 12 } : { name: "swap" };
      },
    });
    expect([mmu.translate(0x123), mmu.pfn, mmu.offset]).toEqual([true, 9, 0x123]);
    expect([mmu.software?.name, rightsText(mmu.rights)]).toEqual(["PROT_NONE", "S--- U---"]);
    expect([mmu.translate(0x1000), mmu.software?.name]).toEqual([false, "swap"]);
    expect([mmu.translate(0x2000), mmu.software]).toEqual([false, undefined]);
    expect(calls).toEqual([1, 1]);
    expect(mmu.access(0, 1, read)).toMatchObject({ kind: "fault", code: 0, reason: "not-present" });
  });
});
