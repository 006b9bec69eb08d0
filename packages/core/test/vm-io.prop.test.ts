import {
  type FallibleMemory,
  FallibleVmReader,
  FallibleVmWriter,
  u8,
  u16,
  u32,
  u64,
  ViewCache,
  VmReader,
  VmWriter,
} from "@memkit/core";
import fc from "fast-check";
import { expect, it } from "vitest";

const PAGE = 8;
const PAGES = 4;
const types = { u8, u16, u32, u64 } as const;
type Name = keyof typeof types;

/** Bytes in pages that lie anywhere in one source; a missing page faults. The model is the plain array. */
class Scattered implements FallibleMemory {
  readonly views: ViewCache;
  offset = 0;
  readonly place: readonly (number | undefined)[];
  constructor(buffer: ArrayBuffer, place: readonly (number | undefined)[]) {
    this.views = new ViewCache({ buffer });
    this.place = place;
  }
  seek(at: number, len: number): number {
    const page = this.place[Math.floor(at / PAGE)];
    if (page === undefined) return 0;
    this.offset = page * PAGE + (at % PAGE);
    return Math.min(len, PAGE - (at % PAGE));
  }
}

const step = fc.oneof(
  fc.record({
    op: fc.constantFrom("readVal", "writeVal"),
    type: fc.constantFrom<Name>("u8", "u16", "u32", "u64"),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  }),
  fc.record({
    op: fc.constantFrom("skip", "limit", "fillZeros", "read", "write"),
    count: fc.nat({ max: 20 }),
  }),
);

const littleEndian = (value: bigint, size: number) =>
  Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));

it("CORE-8 CORE-9: any sequence of calls agrees with an array with holes", () => {
  const place = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
  const present = fc.array(fc.boolean(), { minLength: PAGES, maxLength: PAGES });
  const resizable = fc.boolean();
  fc.assert(
    fc.property(
      place,
      present,
      resizable,
      fc.array(step, { maxLength: 30 }),
      (order, here, flex, steps) => {
        const options = flex ? { maxByteLength: 64 } : undefined;
        const buffer = new ArrayBuffer(PAGE * PAGES, options);
        const memory = new Scattered(
          buffer,
          order.map((page, i) => (here[i] ? page : undefined)),
        );
        const model: (number | undefined)[] = Array.from({ length: PAGE * PAGES }, (_, i) =>
          here[Math.floor(i / PAGE)] ? 0 : undefined,
        );
        const reader = new FallibleVmReader(memory, 0, model.length);
        const writer = new FallibleVmWriter(memory, 0, model.length);
        const r = { at: 0, end: model.length };
        const w = { at: 0, end: model.length };
        /** How far from `at` the model can be accessed, `len` at most. */
        const reach = (at: number, len: number) => {
          const hole = model.slice(at, at + len).indexOf(undefined);
          return hole < 0 ? len : hole;
        };
        for (const s of steps) {
          if ("type" in s) {
            const type = types[s.type];
            const cursor = s.op === "readVal" ? r : w;
            const run = () =>
              s.op === "readVal"
                ? reader.readVal(type as typeof u64)
                : writer.writeVal(
                    type as typeof u64,
                    (s.type === "u64"
                      ? s.value
                      : Number(BigInt.asUintN(8 * type.size, s.value))) as bigint,
                  );
            if (cursor.end - cursor.at < type.size) {
              expect(run).toThrow(expect.objectContaining({ code: "too-short" }));
            } else if (reach(cursor.at, type.size) < type.size) {
              const at = cursor.at + reach(cursor.at, type.size);
              expect(run).toThrow(expect.objectContaining({ code: "page-fault", at }));
            } else {
              const value = run();
              if (s.op === "writeVal")
                model.splice(w.at, type.size, ...littleEndian(s.value, type.size));
              else
                expect(littleEndian(BigInt(value as bigint), type.size)).toEqual(
                  model.slice(r.at, r.at + type.size),
                );
              cursor.at += type.size;
            }
          } else if (s.op === "skip") {
            if (s.count > r.end - r.at) expect(() => reader.skip(s.count)).toThrow("remain");
            else {
              reader.skip(s.count);
              r.at += s.count;
            }
          } else if (s.op === "limit") {
            writer.limit(s.count + 8);
            w.end = Math.min(w.end, w.at + s.count + 8);
          } else if (s.op === "fillZeros") {
            const n = reach(w.at, Math.min(s.count, w.end - w.at));
            expect(writer.fillZeros(s.count)).toBe(n);
            model.fill(0, w.at, w.at + n);
            w.at += n;
          } else if (s.op === "read") {
            const target = new Uint8Array(s.count);
            const n = reach(r.at, Math.min(s.count, r.end - r.at));
            expect(reader.read(new VmWriter(target))).toBe(n);
            expect([...target.subarray(0, n)]).toEqual(model.slice(r.at, r.at + n));
            r.at += n;
          } else {
            const source = Uint8Array.from({ length: s.count }, (_, i) => i + 1);
            const n = reach(w.at, Math.min(s.count, w.end - w.at));
            expect(writer.write(new VmReader(source))).toBe(n);
            model.splice(w.at, n, ...source.subarray(0, n));
            w.at += n;
          }
          expect([reader.cursor, reader.remain]).toEqual([r.at, r.end - r.at]);
          expect([writer.cursor, writer.avail]).toEqual([w.at, w.end - w.at]);
        }
        const bytes = new Uint8Array(buffer);
        model.forEach((byte, i) => {
          const page = order[Math.floor(i / PAGE)] ?? 0;
          expect(bytes[page * PAGE + (i % PAGE)]).toBe(byte ?? 0);
        });
      },
    ),
    { numRuns: 500 },
  );
});
