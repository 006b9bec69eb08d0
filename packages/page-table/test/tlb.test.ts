/** The translation cache: a contract for both kinds and all formats, and the flushes between agents. */

import {
  aarch64Format,
  GLOBAL,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import {
  ANY_ASID,
  SetAssociativeTlb,
  Shootdown,
  shootdownWords,
  Tlb,
  TlbFlusher,
} from "@memkit/page-table/tlb";
import { SR, SW, SX, UR, UW, Walker } from "@memkit/page-table/walk";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Tables } from "./support/tables.js";

const KINDS = [
  { kind: "direct-mapped", make: () => new Tlb({ entries: 16 }) },
  { kind: "4 ways", make: () => new SetAssociativeTlb({ entries: 16 }) },
  { kind: "fully associative", make: () => new SetAssociativeTlb({ entries: 8, ways: 8 }) },
  { kind: "one entry", make: () => new Tlb({ entries: 1 }) },
];
const FORMATS = [
  x86Format(),
  x86Format({ levels: 5 }),
  riscvFormat(),
  riscvFormat({ sv: 48 }),
  riscvFormat({ sv: 57 }),
  aarch64Format(),
];
const RIGHTS = [SR, SW, SX, UR, UW, SR | SW];
const MIB2 = 512;

/** More than have a bit in the tags. */
const small = fc.nat(7);
/** Pages in two huge pages, at both ends of a table, and far away. */
const page = fc.constantFrom(0, 1, 2, 16, 511, 512, 513, 1023, 1024, 0x1_0000, 0x3ff_fff0);
const split = (at: number): [number, number] => [Math.floor(at / 2 ** 20), (at * 4096) | 0];

describe.each(KINDS)("$kind", ({ make }) => {
  interface Kept {
    page: number;
    asid: number;
    pfn: number;
    rights: number;
    level: number;
    global: boolean;
  }

  test("PT-11: a hit is what was put in last, and not flushed", () => {
    const op = fc.record({ op: fc.nat(6), page, asid: small, level: fc.nat(9), n: fc.nat(1100) });
    fc.assert(
      fc.property(fc.array(op, { maxLength: 60 }), (ops) => {
        const tlb = make();
        // By page and space; "g" is global. What the cache has replaced is still here: it may miss, never invent.
        const model = new Map<string, Kept>();
        const drop = (gone: (kept: Kept) => boolean): void => {
          for (const [key, kept] of model) if (gone(kept)) model.delete(key);
        };
        for (const { op, page, asid, level: dice, n } of ops) {
          const [hi, lo] = split(page);
          tlb.asid = asid;
          if (op < 3) {
            const global = dice === 0;
            const kept = { page, asid, pfn: n, rights: n & 63, level: dice < 3 ? 2 : 1, global };
            drop((old) => old.page === page && (global || old.global || old.asid === asid));
            model.set(`${page}/${global ? "g" : asid}`, kept);
            tlb.insert(hi, lo, n, kept.rights, kept.level, global);
            expect(tlb.lookup(hi, lo + 5, kept.rights)).toBe(n);
          } else if (op === 3) {
            const space = dice < 5 ? ANY_ASID : asid;
            const pages = dice % 2 ? 1 : n + 1;
            tlb.flush(hi, lo, pages, space);
            drop((old) => {
              const size = old.level === 2 ? MIB2 : 1;
              const base = old.page - (old.page % size);
              const touched = base < page + pages && base + size > page;
              return touched && (space === ANY_ASID || (!old.global && old.asid === space));
            });
          } else if (op === 4 && dice < 2) {
            if (dice === 0) tlb.flushAll();
            else tlb.flushAll(asid);
            drop((old) => dice === 0 || (!old.global && old.asid === asid));
          } else if (op === 5 && dice === 0) {
            tlb.flushAll(ANY_ASID, false);
            drop((old) => !old.global);
          }
          for (const space of [0, asid, 3]) {
            tlb.asid = space;
            const kept = model.get(`${page}/g`) ?? model.get(`${page}/${space}`);
            for (const need of RIGHTS) {
              const frame = tlb.lookup(hi, lo, need);
              if (frame < 0) continue;
              expect(tlb.find(hi, lo)).toBe(true);
              expect([frame, tlb.pfn, tlb.rights, tlb.level, tlb.global]).toEqual([
                kept?.pfn,
                kept?.pfn,
                kept?.rights,
                kept?.level,
                kept?.global,
              ]);
              expect(tlb.rights & need).toBe(need);
            }
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  test.each(FORMATS.map((format) => ({ name: format.name, format })))(
    "PT-12: $name: a hit grants what a new walk grants",
    ({ format }) => {
      const op = fc.record({ op: fc.nat(5), page: fc.nat(1100), asid: fc.nat(1), prop: fc.nat(5) });
      const props = [READ, READ | WRITE, READ | USER, READ | WRITE | USER].map((p) =>
        pageProperty(p),
      );
      fc.assert(
        fc.property(fc.array(op, { maxLength: 50 }), (ops) => {
          const tlb = make();
          const spaces = [0, 1].map(() => {
            const tables = new Tables(format);
            return { tables, walker: new Walker({ format, memory: tables.memory, root: 0 }) };
          });
          for (const { op, page, asid, prop } of ops) {
            const { tables } = spaces[asid]!;
            const huge = op === 0;
            const va = BigInt(huge ? page - (page % MIB2) : page) * 4096n;
            const [table, index] = tables.slot(va, 2);
            const [hi, lo] = split(Number(va / 4096n));
            if (op < 3) {
              // A global page is the same in both spaces; here each has its own, so none is global.
              const under = tables.get(table, index);
              const isTable = under !== 0n && (under & BigInt(format.fixedTable)) !== 0n;
              const leaf = pageProperty(props[prop % 4]!);
              if (huge) tables.set(table, index, 0n);
              else if (isTable && spaces[asid]!.walker.walk(hi, lo) === 2)
                tables.set(table, index, 0n);
              if (op === 2) tables.put(va, 0n, 1);
              else tables.map(va, huge ? 1024 : page + 9, leaf, huge ? 2 : 1);
              tlb.flush(hi, lo, huge ? MIB2 : 1, asid);
            }
            for (const space of [0, 1]) {
              const { walker } = spaces[space]!;
              tlb.asid = space;
              for (const need of RIGHTS) {
                const [h, l] = split(page);
                const hit = tlb.lookup(h, l, need) >= 0 && tlb.find(h, l);
                const found = walker.walk(h, l) > 0 && (walker.rights & need) === need;
                if (hit) {
                  expect(found).toBe(true);
                  expect([tlb.pfn, tlb.rights, tlb.level]).toEqual([
                    walker.pfn,
                    walker.rights,
                    walker.level,
                  ]);
                }
                expect(tlb.translate(walker, h, l, need)).toBe(found ? walker.pfn : -1);
              }
            }
          }
        }),
        { numRuns: 40 },
      );
    },
  );
});

test("without a flush an entry is stale: what PT-12 asks of the owner", () => {
  const format = x86Format();
  const tables = new Tables(format).map(0x1000n, 9, pageProperty(READ));
  const walker = new Walker({ format, memory: tables.memory, root: 0 });
  const tlb = new Tlb();
  expect(tlb.translate(walker, 0, 0x1000, SR)).toBe(9);
  tables.put(0x1000n, 0n);
  expect(tlb.lookup(0, 0x1000, SR)).toBe(9);
  tlb.flush(0, 0x1000, 1, 0);
  expect(tlb.translate(walker, 0, 0x1000, SR)).toBe(-1);
});

test("an inner address flushes a huge page everywhere; a global page stays when its space goes", () => {
  const format = riscvFormat();
  const tables = new Tables(format).map(0x20_0000n, 512, pageProperty(READ), 2);
  tables.map(0x1000n, 3, pageProperty(READ | GLOBAL));
  const walker = new Walker({ format, memory: tables.memory, root: 0 });
  const tlb = new Tlb();
  for (const lo of [0x20_0000, 0x30_5000, 0x1000]) tlb.translate(walker, 0, lo, SR);
  tlb.flush(0, 0x21_0000, 1, ANY_ASID);
  expect([0x20_0000, 0x30_5000, 0x1000].map((lo) => tlb.lookup(0, lo, SR))).toEqual([-1, -1, 3]);
  tlb.flushAll(0);
  tlb.asid = 1;
  expect(tlb.lookup(0, 0x1000, SR)).toBe(3);
});

test("six spaces are remembered; a seventh takes the place of the one not used for longest", () => {
  const tlb = new Tlb({ entries: 64 });
  for (let asid = 1; asid <= 6; asid++) {
    tlb.asid = asid;
    tlb.insert(0, asid << 12, asid, UR, 1, false);
  }
  tlb.insert(0, 0x9000, 9, UR, 1, true);
  tlb.asid = 1;
  tlb.asid = 0xffff; // 2's bit
  tlb.insert(0, 0x8000, 8, UR, 1, false);
  const known = [1, 3, 4, 5, 6].map((asid) => {
    tlb.asid = asid;
    return tlb.lookup(0, asid << 12, UR);
  });
  expect(known).toEqual([1, 3, 4, 5, 6]);
  tlb.flush(0, 0, 64, 2); // it has no bit: nobody's entries go
  tlb.asid = 0xffff;
  expect([tlb.lookup(0, 0x8000, UR), tlb.lookup(0, 0x9000, UR)]).toEqual([8, 9]);
  tlb.asid = 2;
  expect([tlb.lookup(0, 0x2000, UR), tlb.lookup(0, 0x9000, UR)]).toEqual([-1, 9]);
  expect(tlb.asid).toBe(2);
});

test.each([-1, 0x1_0000, 1.5, Number.NaN])("invalid-tlb: ASID %s, and the space stays", (asid) => {
  const tlb = new Tlb();
  tlb.asid = 3;
  expect(() => {
    tlb.asid = asid;
  }).toThrow(expect.objectContaining({ code: "invalid-tlb", option: "asid" }));
  expect(tlb.asid).toBe(3);
});

test("a frame above 2^31 is translated, and not kept", () => {
  const format = x86Format();
  const tables = new Tables(format).map(0x1000n, 2 ** 33, pageProperty(READ));
  const walker = new Walker({ format, memory: tables.memory, root: 0 });
  const tlb = new Tlb();
  expect(tlb.translate(walker, 0, 0x1000, SR)).toBe(2 ** 33);
  expect(tlb.lookup(0, 0x1000, SR)).toBe(-1);
});

test.each([
  () => new Tlb({ entries: 3 }),
  () => new Tlb({ entries: 0 }),
  () => new SetAssociativeTlb({ entries: 4, ways: 8 }),
  () => new SetAssociativeTlb({ ways: 3 }),
  () => new Tlb({ entries: 2 ** 21 }),
  () => shootdownWords(0),
  () => shootdownWords(1025),
  () => new Shootdown(new Int32Array(8), 1, 0, new Tlb()),
  () => new Shootdown(new Int32Array(shootdownWords(1)), 1, 1, new Tlb()),
  () => new Shootdown(new Int32Array(shootdownWords(1)), 1, 0, new Tlb()).detach(-1),
])("invalid-tlb %#", (make) => {
  expect(make).toThrow(expect.objectContaining({ code: "invalid-tlb" }));
});

describe("flushes between agents", () => {
  const crew = (agents: number) => {
    const words = new Int32Array(new SharedArrayBuffer(4 * shootdownWords(agents)));
    return Array.from({ length: agents }, (_, agent) => {
      const tlb = new Tlb({ entries: 64 });
      return { tlb, shootdown: new Shootdown(words, agents, agent, tlb), words };
    });
  };

  test("PT-13: a done ticket is flushed by all, however far behind they are", () => {
    const op = fc.record({ op: fc.nat(4), agent: fc.nat(2), page: fc.nat(60), many: fc.nat(40) });
    fc.assert(
      fc.property(fc.array(op, { maxLength: 60 }), (ops) => {
        const agents = crew(3);
        // By page: the last ticket for it, and since when each agent has it.
        const tickets = new Map<number, number>();
        const had = agents.map(() => new Set<number>());
        for (const { op, agent, page, many } of ops) {
          const { tlb, shootdown } = agents[agent]!;
          if (op === 0) {
            tlb.insert(0, page << 12, page, UR, 1, false);
            had[agent]!.add(page);
          } else if (op === 1) shootdown.poll();
          else {
            for (let i = 0; i <= (op === 2 ? many : 0); i++) {
              const flushed = (page + i) % 61;
              tickets.set(flushed, shootdown.publish(0, flushed << 12, 1, 0));
              for (const set of had) set.delete(flushed);
            }
          }
          for (const [flushed, ticket] of tickets) {
            if (!shootdown.done(ticket)) continue;
            agents.forEach((one, i) => {
              if (!had[i]!.has(flushed)) expect(one.tlb.lookup(0, flushed << 12, UR)).toBe(-1);
            });
          }
        }
        for (const { shootdown } of agents) shootdown.poll();
        for (const ticket of tickets.values()) expect(agents[0]!.shootdown.done(ticket)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test("a number is one agent's; a dead one is taken out, and its lock opened", () => {
    const [first, second] = crew(2);
    const again = () => new Shootdown(first!.words, 2, 1, new Tlb());
    expect(again).toThrow(expect.objectContaining({ code: "invalid-tlb", option: "agent" }));
    first!.words[0] = 2; // agent 1 died while it was publishing
    first!.shootdown.detach(1);
    const ticket = first!.shootdown.publish(0, 0, 1, 0);
    expect(first!.shootdown.done(ticket)).toBe(true);
    again();
    expect(first!.shootdown.done(first!.shootdown.publish(0, 0, 1, 0))).toBe(false);
    second!.shootdown.detach();
  });

  test.each([
    ["pages", 0, 1],
    ["pages", -1, 1],
    ["pages", 1.5, 1],
    ["pages", Number.NaN, 1],
    ["asid", 1, -2],
    ["asid", 1, 2 ** 16],
    ["asid", 1, Number.NaN],
  ] as const)(
    "a request about no %s is refused, and nobody asked (%d, %d)",
    (option, pages, asid) => {
      const [mine] = crew(1);
      const flusher = new TlbFlusher(mine!.shootdown);
      const refused = expect.objectContaining({ code: "invalid-tlb", option });
      expect(() => flusher.issue(0, 0x1000, pages, asid)).toThrow(refused);
      expect(() => mine!.shootdown.publish(0, 0x1000, pages, asid)).toThrow(refused);
      expect([mine!.words[1], flusher.collect()]).toEqual([0, true]);
    },
  );

  test("PT-14: frames are kept until every agent has flushed, and released once", () => {
    const [mine, theirs] = crew(2);
    const flusher = new TlbFlusher(mine!.shootdown);
    const dropped: number[] = [];
    theirs!.tlb.insert(0, 0x1000, 7, UR, 1, false);
    flusher.issue(0, 0x1000, 1, 0);
    flusher.keep({ drop: () => dropped.push(7) });
    expect(flusher.collect()).toBe(false);
    expect(theirs!.tlb.lookup(0, 0x1000, UR)).toBe(7);
    flusher.dispatch();
    expect([flusher.collect(), dropped]).toEqual([false, []]);
    theirs!.shootdown.poll();
    expect(theirs!.tlb.lookup(0, 0x1000, UR)).toBe(-1);
    expect([flusher.collect(), dropped]).toEqual([true, [7]]);
    expect([flusher.collect(), dropped]).toEqual([true, [7]]);
  });

  test("32 pages become one flush, of their space or of everything; a drop that throws keeps no other", () => {
    const [mine, theirs] = crew(2);
    const flusher = new TlbFlusher(mine!.shootdown);
    theirs!.tlb.insert(0, 0x7000, 7, UR, 1, true);
    theirs!.tlb.asid = 3;
    theirs!.tlb.insert(0, 0x8000, 8, UR, 1, false);
    for (let i = 0; i < 32; i++) flusher.issue(0, 0x10_0000 + i * 4096, 1, 3);
    let dropped = 0;
    const refuse = {
      drop: () => {
        throw new RangeError("no");
      },
    };
    flusher.keep(refuse);
    flusher.keep({ drop: () => dropped++ });
    flusher.dispatch();
    expect(mine!.words[1]).toBe(1);
    theirs!.shootdown.poll();
    const left = () => [...theirs!.tlb.entries()].map(({ pfn, global }) => [pfn, global]);
    expect(left()).toEqual([[7, true]]); // the space's own are gone
    for (let i = 0; i < 32; i++) flusher.issue(0, 0x10_0000 + i * 4096, 1, 2 + (i % 2));
    flusher.dispatch();
    theirs!.shootdown.poll();
    expect(left()).toEqual([]);
    expect(() => flusher.sync()).toThrow(RangeError);
    expect([dropped, flusher.collect()]).toEqual([1, true]);
  });
});
