/**
 * Random types for property tests: a plain description of a type, the layout it stands for, what C makes of it computed
 * the slow way, and values of it.
 *
 * @module
 */

import fc from "fast-check";
import {
  aligned,
  array,
  arrayPtr,
  atomic,
  bool8,
  boolWitx32,
  charU8,
  enumeration,
  type FieldSpec,
  f32,
  f64,
  flags,
  handle,
  i8,
  i16,
  i32,
  i64,
  type Layout,
  packed,
  pad,
  ptr,
  type Struct,
  strPtr,
  struct,
  u8,
  u16,
  u32,
  u64,
  u64Number,
  variant,
} from "../src/layout.js";

/** The scalars, by name. */
export const SCALARS = {
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  u64,
  i64,
  f32,
  f64,
  bool8,
  boolWitx32,
  charU8,
  u64Number,
  handle,
};
const REPRS = { u8, u16, u32, u64 };
type ScalarName = keyof typeof SCALARS;
type SmallRepr = "u8" | "u16" | "u32";

export type Model =
  | { readonly is: "scalar"; readonly name: ScalarName }
  | { readonly is: "pointer"; readonly to: Model }
  | { readonly is: "list"; readonly of: Model }
  | { readonly is: "text" }
  | { readonly is: "array"; readonly of: Model; readonly count: number }
  | {
      readonly is: "record";
      readonly packed: boolean;
      readonly fields: readonly (Model | number)[];
    }
  | { readonly is: "aligned"; readonly to: number; readonly what: Model }
  | { readonly is: "variant"; readonly tag: SmallRepr; readonly cases: readonly (Model | null)[] }
  | { readonly is: "enumeration"; readonly repr: SmallRepr; readonly count: number }
  | { readonly is: "flags"; readonly repr: SmallRepr | "u64"; readonly count: number }
  | { readonly is: "atomic"; readonly repr: SmallRepr };

const small = fc.constantFrom<SmallRepr>("u8", "u16", "u32");
const { model: anyModel } = fc.letrec<{ model: Model }>((tie) => ({
  model: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({
      is: fc.constant("scalar" as const),
      name: fc.constantFrom(...(Object.keys(SCALARS) as ScalarName[])),
    }),
    fc.record({ is: fc.constant("atomic" as const), repr: small }),
    fc.record({
      is: fc.constant("enumeration" as const),
      repr: small,
      count: fc.integer({ min: 1, max: 5 }),
    }),
    fc.record({
      is: fc.constant("flags" as const),
      repr: fc.constantFrom("u8" as const, "u16" as const, "u32" as const, "u64" as const),
      count: fc.integer({ min: 0, max: 8 }),
    }),
    fc.record({ is: fc.constant("pointer" as const), to: tie("model") }),
    fc.record({ is: fc.constant("list" as const), of: tie("model") }),
    fc.record({ is: fc.constant("text" as const) }),
    fc.record({
      is: fc.constant("array" as const),
      of: tie("model"),
      count: fc.integer({ min: 0, max: 3 }),
    }),
    fc.record({
      is: fc.constant("record" as const),
      packed: fc.boolean(),
      fields: fc.array(
        fc.oneof({ arbitrary: tie("model"), weight: 5 }, fc.integer({ min: 1, max: 9 })),
        {
          maxLength: 5,
        },
      ),
    }),
    fc.record({
      is: fc.constant("aligned" as const),
      to: fc.constantFrom(1, 2, 4, 8, 16, 64),
      what: tie("model"),
    }),
    fc.record({
      is: fc.constant("variant" as const),
      tag: small,
      cases: fc.array(fc.option(tie("model")), { minLength: 1, maxLength: 4 }),
    }),
  ),
}));

/** Any type. */
export const models: fc.Arbitrary<Model> = anyModel;

/** The name of field, case or flag `n`. Some are no identifiers, and some mean something to every object. */
const nameOf = (n: number): string =>
  ["a", "b c", "constructor", "toString", "length", "π`$"][n] ?? `x${n}`;

/** The layout that a model stands for. */
export function layoutOf(model: Model): Layout {
  switch (model.is) {
    case "scalar":
      return SCALARS[model.name];
    case "pointer":
      return ptr(layoutOf(model.to));
    case "list":
      return arrayPtr(layoutOf(model.of));
    case "text":
      return strPtr;
    case "array":
      return array(layoutOf(model.of), model.count);
    case "record": {
      const fields = model.fields.map(
        (field, i): FieldSpec =>
          typeof field === "number" ? pad(field) : [nameOf(i), layoutOf(field)],
      );
      const record: Struct<FieldSpec[]> = struct(...fields);
      return model.packed ? packed(record) : record;
    }
    case "aligned":
      return aligned(model.to, layoutOf(model.what));
    case "variant":
      return variant(
        REPRS[model.tag],
        model.cases.map((each, i) =>
          each === null ? nameOf(i) : ([nameOf(i), layoutOf(each)] as const),
        ),
      );
    case "enumeration":
      return enumeration(
        REPRS[model.repr],
        Array.from({ length: model.count }, (_, i) => nameOf(i)),
      );
    case "flags":
      return flags(
        REPRS[model.repr],
        Array.from({ length: model.count }, (_, i) => nameOf(i)),
      );
    case "atomic":
      return atomic(REPRS[model.repr]);
  }
}

/** The named fields of a record, by name. */
export function fieldsOf(
  model: Extract<Model, { is: "record" }>,
): readonly (readonly [string, Model])[] {
  return model.fields.flatMap((field, i) =>
    typeof field === "number" ? [] : [[nameOf(i), field] as const],
  );
}

/** Bytes and alignment, and where each named field or payload starts. */
export interface Measure {
  readonly size: number;
  readonly align: number;
  readonly offsets: readonly number[];
}

const NATURAL: Readonly<Record<ScalarName, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
  f32: 4,
  f64: 8,
  bool8: 1,
  boolWitx32: 4,
  charU8: 1,
  u64Number: 8,
  handle: 4,
};

/** Paints bytes one at a time: stops at the first address where `align` divides and all of `size` is blank. */
function firstFree(painted: readonly boolean[], from: number, align: number): number {
  let at = from;
  while (at % align !== 0 || painted[at] === true) at++;
  return at;
}

/** What a C compiler makes of the model, by painting bytes. `word` is the width of a pointer. */
export function measure(model: Model, word: 4 | 8): Measure {
  const plain = (n: number): Measure => ({ size: n, align: n, offsets: [] });
  switch (model.is) {
    case "scalar":
      return plain(NATURAL[model.name]);
    case "pointer":
      return plain(word);
    case "list":
    case "text":
      return { size: word + word, align: word, offsets: [] };
    case "atomic":
    case "enumeration":
    case "flags":
      return plain(NATURAL[model.repr]);
    case "array": {
      const each = measure(model.of, word);
      let size = 0;
      for (let i = 0; i < model.count; i++) size += each.size;
      return { size, align: each.align, offsets: [] };
    }
    case "aligned": {
      const inner = measure(model.what, word);
      const align = [inner.align, model.to].sort((a, b) => b - a)[0] as number;
      let { size } = inner;
      while (size % align !== 0) size++;
      return { ...inner, size, align };
    }
    case "record": {
      const painted: boolean[] = [];
      const offsets: number[] = [];
      const aligns = [1];
      for (const field of model.fields) {
        const pads = typeof field === "number";
        const { size, align } = pads ? { size: field, align: 1 } : measure(field, word);
        const at = firstFree(painted, painted.length, model.packed ? 1 : align);
        while (painted.length < at + size) painted.push(true);
        if (!pads) offsets.push(at);
        if (!model.packed) aligns.push(align);
      }
      const align = Math.max(...aligns);
      return { size: firstFree([], painted.length, align), align, offsets };
    }
    case "variant": {
      const tag = NATURAL[model.tag];
      const cases = model.cases.map((each) => (each === null ? plain(0) : measure(each, word)));
      const strictest = Math.max(1, ...cases.map(({ align }) => align));
      const payload = firstFree([], tag, strictest);
      const align = Math.max(tag, strictest);
      const ends = cases.map(({ size }) => payload + size);
      return {
        size: firstFree([], Math.max(...ends), align),
        align,
        offsets: cases.map(() => payload),
      };
    }
  }
}

const wordsOf = (word: 4 | 8): fc.Arbitrary<unknown> =>
  word === 4 ? SCALAR_VALUES.u32 : SCALAR_VALUES.u64Number;

/** Values of the model. */
export function valuesOf(model: Model, word: 4 | 8): fc.Arbitrary<unknown> {
  switch (model.is) {
    case "scalar":
      return SCALAR_VALUES[model.name];
    case "pointer":
      return wordsOf(word);
    case "list":
    case "text":
      return fc.record({ ptr: wordsOf(word), len: wordsOf(word) });
    case "atomic":
      return SCALAR_VALUES[model.repr];
    case "enumeration":
      return fc.integer({ min: 0, max: model.count - 1 });
    case "flags":
      return model.repr === "u64"
        ? fc.bigInt({ min: 0n, max: (1n << BigInt(model.count)) - 1n })
        : fc.integer({ min: 0, max: 2 ** model.count - 1 });
    case "array": {
      const each = valuesOf(model.of, word);
      return fc.array(each, { minLength: model.count, maxLength: model.count });
    }
    case "aligned":
      return valuesOf(model.what, word);
    case "record": {
      const named = fieldsOf(model).map(([name, field]) => [name, valuesOf(field, word)] as const);
      return fc
        .tuple(...named.map(([, values]) => values))
        .map((values) => Object.fromEntries(named.map(([name], i) => [name, values[i]])));
    }
    case "variant":
      return fc.oneof(
        ...model.cases.map((each, i) =>
          (each === null ? fc.constant(undefined) : valuesOf(each, word)).map((value) => ({
            tag: nameOf(i),
            value,
          })),
        ),
      );
  }
}

/** The bytes of `value`, least significant first; undefined where padding is. */
export function encode(model: Model, value: unknown, word: 4 | 8): (number | undefined)[] {
  const { size, offsets } = measure(model, word);
  const bytes: (number | undefined)[] = new Array(size).fill(undefined);
  const paint = (at: number, from: readonly (number | undefined)[]): void => {
    from.forEach((byte, i) => {
      if (byte !== undefined) bytes[at + i] = byte;
    });
  };
  const number = (width: number, n: number | bigint): number[] => {
    const digits = BigInt.asUintN(8 * width, BigInt(n))
      .toString(16)
      .padStart(2 * width, "0");
    return (digits.match(/../g) as string[]).map((hex) => Number.parseInt(hex, 16)).reverse();
  };
  switch (model.is) {
    case "scalar":
      if (model.name === "f32")
        paint(0, [...new Uint8Array(Float32Array.of(value as number).buffer)]);
      else if (model.name === "f64")
        paint(0, [...new Uint8Array(Float64Array.of(value as number).buffer)]);
      else
        paint(
          0,
          number(
            NATURAL[model.name],
            typeof value === "boolean" ? Number(value) : (value as number),
          ),
        );
      break;
    case "pointer":
      paint(0, number(word, value as number));
      break;
    case "list":
    case "text": {
      const { ptr: address, len } = value as { ptr: number; len: number };
      paint(0, [...number(word, address), ...number(word, len)]);
      break;
    }
    case "atomic":
    case "enumeration":
    case "flags":
      paint(0, number(NATURAL[model.repr], value as number));
      break;
    case "array":
      paint(
        0,
        (value as unknown[]).flatMap((each) => encode(model.of, each, word)),
      );
      break;
    case "aligned":
      paint(0, encode(model.what, value, word));
      break;
    case "record":
      fieldsOf(model).forEach(([name, field], i) => {
        paint(offsets[i] as number, encode(field, (value as Record<string, unknown>)[name], word));
      });
      break;
    case "variant": {
      const { tag, value: payload } = value as { tag: string; value: unknown };
      const index = model.cases.findIndex((_, i) => nameOf(i) === tag);
      const chosen = model.cases[index] ?? null;
      paint(0, number(NATURAL[model.tag], index));
      if (chosen !== null) paint(offsets[0] as number, encode(chosen, payload, word));
    }
  }
  return bytes;
}

const int = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const SCALAR_VALUES: Readonly<Record<ScalarName, fc.Arbitrary<unknown>>> = {
  u8: int(0, 2 ** 8 - 1),
  i8: int(-(2 ** 7), 2 ** 7 - 1),
  u16: int(0, 2 ** 16 - 1),
  i16: int(-(2 ** 15), 2 ** 15 - 1),
  u32: int(0, 2 ** 32 - 1),
  i32: int(-(2 ** 31), 2 ** 31 - 1),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  f32: fc.float(),
  f64: fc.double(),
  bool8: fc.boolean(),
  boolWitx32: fc.boolean(),
  charU8: int(0, 255),
  u64Number: fc.maxSafeNat(),
  handle: int(0, 2 ** 32 - 1),
};
