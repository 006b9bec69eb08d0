/**
 * Random nested types against a calculator that paints bytes, and random values through every way in and out.
 *
 * @module
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Layout, type Struct, struct, type Target, type Variant } from "../src/layout.js";
import {
  encode,
  fieldsOf,
  layoutOf,
  type Model,
  measure,
  models,
  valuesOf,
} from "./layout-model.js";

const TARGETS: readonly Target[] = ["wasm32", "wasm64", "host64"];
const word = (target: Target): 4 | 8 => (target === "wasm32" ? 4 : 8);

/** Where the layout says that fields, or a variant's payloads, start. */
function offsetsOf(model: Model, layout: Layout): readonly number[] {
  if (model.is === "aligned") return offsetsOf(model.what, layout);
  if (model.is === "record") return (layout as Struct).fields.map(({ offset }) => offset);
  return model.is === "variant" ? model.cases.map(() => (layout as Variant).payloadOffset) : [];
}

/** A type, a target, a value of it, and an offset of any parity. */
const cases = fc
  .tuple(models, fc.constantFrom(...TARGETS))
  .chain(([model, target]) =>
    fc.tuple(
      fc.constant(model),
      fc.constant(target),
      valuesOf(model, word(target)),
      fc.integer({ min: 0, max: 17 }),
    ),
  );

/** Bytes that no write should touch have this value. */
const FILL = 0xa5;

function filled(bytes: number): DataView<ArrayBuffer> {
  return new DataView(new Uint8Array(bytes).fill(FILL).buffer);
}

describe("any type", () => {
  it("has the size, alignment and offsets that C gives it, on every target (CORE-13)", () => {
    fc.assert(
      fc.property(models, (model) => {
        for (const target of TARGETS) {
          const layout = layoutOf(model).for(target);
          const { size, align, offsets } = measure(model, word(target));
          expect({
            size: layout.size,
            align: layout.align,
            offsets: offsetsOf(model, layout),
          }).toEqual({
            size,
            align,
            offsets,
          });
          expect(layout.for(target)).toBe(layout);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("is written as its bytes at any offset, nothing else is touched, and it reads back", () => {
    fc.assert(
      fc.property(cases, ([model, target, value, offset]) => {
        const layout = layoutOf(model).for(target);
        const dv = filled(offset + layout.size + 9);
        layout.write(dv, offset, value);
        const expected = [...new Uint8Array(filled(dv.byteLength).buffer)];
        encode(model, value, word(target)).forEach((byte, i) => {
          if (byte !== undefined) expected[offset + i] = byte;
        });
        expect([...new Uint8Array(dv.buffer)]).toEqual(expected);
        expect(layout.read(dv, offset)).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it("shows the same through a view, and lets a view write the same bytes", () => {
    fc.assert(
      fc.property(cases, ([model, target, value, offset]) => {
        fc.pre(viewable(model));
        // An atomic may only be viewed at its alignment; 64 is the largest here.
        const at = 64 * offset;
        const record = struct(["it", layoutOf(model)]).for(target);
        const written = filled(at + record.size);
        record.write(written, at, { it: value });
        const view = record.view(written, 0);
        view.seat(written, at);
        expect(plain(model, view.it)).toEqual(value);
        const copied = filled(at + record.size);
        assign(model, record.view(copied, at), "it", value);
        expect(new Uint8Array(copied.buffer)).toEqual(new Uint8Array(written.buffer));
      }),
      { numRuns: 500 },
    );
  });
});

interface AnyArrayView {
  readonly length: number;
  get(index: number): unknown;
  set(index: number, value: unknown): void;
}
interface AnyCell {
  load(): number;
  store(value: number): void;
}
type AnyRecord = Record<string, unknown>;

/** Packing can put an atomic where it must not be viewed; a test of its own covers that. */
function viewable(model: Model): boolean {
  const text = JSON.stringify(model);
  return !(text.includes('"atomic"') && text.includes('"packed":true'));
}

/** The value that a view shows, field by field. */
function plain(model: Model, seen: unknown): unknown {
  switch (model.is) {
    case "aligned":
      return plain(model.what, seen);
    case "array": {
      const view = seen as AnyArrayView;
      return Array.from({ length: view.length }, (_, i) => plain(model.of, view.get(i)));
    }
    case "atomic":
      return (seen as AnyCell).load();
    case "record": {
      const names = fieldsOf(model);
      return Object.fromEntries(
        names.map(([name, field]) => [name, plain(field, (seen as AnyRecord)[name])]),
      );
    }
    default:
      return seen;
  }
}

/** Stores through a view, one scalar at a time. */
function assign(model: Model, holder: object, key: string, value: unknown): void {
  const record = holder as AnyRecord;
  switch (model.is) {
    case "aligned":
      assign(model.what, holder, key, value);
      break;
    case "array":
      (value as unknown[]).forEach((each, i) => {
        (record[key] as AnyArrayView).set(i, each);
      });
      break;
    case "atomic":
      (record[key] as AnyCell).store(value as number);
      break;
    case "record":
      for (const [name, field] of fieldsOf(model)) {
        assign(field, record[key] as object, name, (value as AnyRecord)[name]);
      }
      break;
    default:
      record[key] = value;
  }
}
