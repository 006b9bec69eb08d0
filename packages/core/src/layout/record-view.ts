/**
 * Views of records: accessors over the bytes, on a prototype made once per record type.
 *
 * No source text is generated, so a content security policy without `unsafe-eval` is enough. The state of a view is
 * spelled with a `~`, which no field's name may start with. It is not in private fields: the accessors of all record
 * types share their code, and V8 keeps only a *named* load fast where it has seen many types.
 *
 * @module
 */

import { hasView, type Seatable } from "./array-view.js";
import { isFloat, isI8, isI16, isI32, isI64, isU8, isU16, isU32, isU64 } from "./fits.js";
import { Kind } from "./kind.js";
import { CoreError } from "./layout-error.js";
import { outOfRange } from "./misfit.js";
import type { KindCode, LayoutNode, Member } from "./node.js";
import { elementOf } from "./parts.js";
import { walk } from "./walk.js";
import {
  loadI64,
  loadU64,
  NO_WORDS,
  readUint,
  store64,
  type Words,
  wordsOf,
  writeUint,
} from "./words.js";

/** What the views of all record types have in common. */
class RecordView {
  "~dv": DataView;
  "~at": number;
  /** The words of `~dv`, where they are worth having. */
  "~words": Words;
  /** Views of fields, by field number. */
  "~inner": (Seatable | undefined)[] | undefined;

  constructor(dv: DataView, at: number) {
    this["~dv"] = dv;
    this["~at"] = at;
    this["~words"] = NO_WORDS;
    this["~inner"] = undefined;
  }

  seat(dv: DataView, at: number): void {
    this["~dv"] = dv;
    this["~at"] = at;
  }
}

/**
 * Views of records with bigints: seated on the same bytes again, they look for the words of these, because the element of a
 * typed array is stored in a tenth of the time of `setBigUint64`. A view that is used once had better not.
 */
class WideRecordView extends RecordView {
  override seat(dv: DataView, at: number): void {
    if (dv !== this["~dv"]) {
      this["~dv"] = dv;
      this["~words"] = NO_WORDS;
    } else if (this["~words"] === NO_WORDS) this["~words"] = wordsOf(dv);
    this["~at"] = at;
  }
}

/** The constructor of one record type's views. */
type RecordViewClass = new (dv: DataView, at: number) => RecordView;

interface Accessor<V = never> {
  get(this: RecordView): unknown;
  set?(this: RecordView, value: V): void;
}

function refuse(type: string, value: unknown): never {
  throw new CoreError(outOfRange(type, value));
}

// One literal accessor pair per scalar, since a method called by name is faster than one looked up by a variable.
const ACCESSORS: { readonly [kind: number]: (at: number, type: string) => Accessor } =
  /* @__PURE__ */ (() => ({
    [Kind.u8]: (at, type): Accessor<number> => ({
      get() {
        return this["~dv"].getUint8(this["~at"] + at);
      },
      set(value) {
        if (!isU8(value)) refuse(type, value);
        this["~dv"].setUint8(this["~at"] + at, value);
      },
    }),
    [Kind.i8]: (at, type): Accessor<number> => ({
      get() {
        return this["~dv"].getInt8(this["~at"] + at);
      },
      set(value) {
        if (!isI8(value)) refuse(type, value);
        this["~dv"].setInt8(this["~at"] + at, value);
      },
    }),
    [Kind.u16]: (at, type): Accessor<number> => ({
      get() {
        return this["~dv"].getUint16(this["~at"] + at, true);
      },
      set(value) {
        if (!isU16(value)) refuse(type, value);
        this["~dv"].setUint16(this["~at"] + at, value, true);
      },
    }),
    [Kind.i16]: (at, type): Accessor<number> => ({
      get() {
        return this["~dv"].getInt16(this["~at"] + at, true);
      },
      set(value) {
        if (!isI16(value)) refuse(type, value);
        this["~dv"].setInt16(this["~at"] + at, value, true);
      },
    }),
    [Kind.u32]: (at, type): Accessor<number> => ({
      get() {
        return this["~dv"].getUint32(this["~at"] + at, true);
      },
      set(value) {
        if (!isU32(value)) refuse(type, value);
        this["~dv"].setUint32(this["~at"] + at, value, true);
      },
    }),
    [Kind.i32]: (at, type): Accessor<number> => ({
      get() {
        return this["~dv"].getInt32(this["~at"] + at, true);
      },
      set(value) {
        if (!isI32(value)) refuse(type, value);
        this["~dv"].setInt32(this["~at"] + at, value, true);
      },
    }),
    [Kind.u64]: (at, type): Accessor<bigint> => ({
      get() {
        return loadU64(this["~dv"], this["~words"], this["~at"] + at);
      },
      set(value) {
        if (!isU64(value)) refuse(type, value);
        store64(this["~dv"], this["~words"], this["~at"] + at, value);
      },
    }),
    [Kind.i64]: (at, type): Accessor<bigint> => ({
      get() {
        return loadI64(this["~dv"], this["~words"], this["~at"] + at);
      },
      set(value) {
        if (!isI64(value)) refuse(type, value);
        store64(this["~dv"], this["~words"], this["~at"] + at, value);
      },
    }),
    [Kind.f32]: (at, type): Accessor<number> => ({
      get() {
        return this["~dv"].getFloat32(this["~at"] + at, true);
      },
      set(value) {
        if (!isFloat(value)) refuse(type, value);
        this["~dv"].setFloat32(this["~at"] + at, value, true);
      },
    }),
    [Kind.f64]: (at, type): Accessor<number> => ({
      get() {
        return this["~dv"].getFloat64(this["~at"] + at, true);
      },
      set(value) {
        if (!isFloat(value)) refuse(type, value);
        this["~dv"].setFloat64(this["~at"] + at, value, true);
      },
    }),
  }))();

/** A case: its number, however wide. What is none goes through the codec, which says why. */
function caseOf({ offset, type }: Member): Accessor<unknown> {
  const { width } = elementOf(type);
  const { count } = type;
  return {
    get() {
      const got = readUint(this["~dv"], this["~at"] + offset, width);
      return got < count ? got : type.read(this["~dv"], this["~at"] + offset);
    },
    set(value) {
      if (isU32(value) && value < count) writeUint(this["~dv"], this["~at"] + offset, width, value);
      else type.write(this["~dv"], this["~at"] + offset, value);
    },
  };
}

/** Every other value goes through the codec. */
function wholeValue({ offset, type }: Member): Accessor<unknown> {
  return {
    get() {
      return type.read(this["~dv"], this["~at"] + offset);
    },
    set(value) {
      type.write(this["~dv"], this["~at"] + offset, value);
    },
  };
}

/** A field with a view of its own: made once per view of the record, moved along at every access. */
function innerView({ offset, type }: Member, number: number): Accessor {
  return {
    get() {
      const dv = this["~dv"];
      const at = this["~at"] + offset;
      this["~inner"] ??= [];
      const present = this["~inner"][number];
      if (present !== undefined) {
        present.seat(dv, at);
        return present;
      }
      const made = type.view(dv, at) as Seatable;
      this["~inner"][number] = made;
      return made;
    },
  };
}

/** The kind whose plain accessors read and write `type` exactly, if there is one. */
function plainKind({ kind, width }: LayoutNode): Kind {
  if (kind === Kind.charU8) return Kind.u8;
  return kind === Kind.handle || (kind === Kind.ptr && width === 4) ? Kind.u32 : kind;
}

function accessorOf(field: Member, number: number): Accessor {
  const { type, offset } = field;
  if (hasView(type)) return innerView(field, number);
  if (type.kind === Kind.enum) return caseOf(field);
  return ACCESSORS[plainKind(type)]?.(offset, type.name) ?? wholeValue(field);
}

/** Makes the class of a record type's views. */
function recordViewClass(record: LayoutNode): RecordViewClass {
  const wide = record.fields.some(({ type: { kind } }) => kind === Kind.u64 || kind === Kind.i64);
  class StructView extends (wide ? WideRecordView : RecordView) {}
  record.fields.forEach((field, number) => {
    const accessor = accessorOf(field, number) as PropertyDescriptor;
    Object.defineProperty(StructView.prototype, field.name, { ...accessor, enumerable: true });
  });
  return StructView;
}

/** The code of records. */
export const RECORDS: KindCode = {
  codecOf: walk,
  viewOf(node, dv, at) {
    node.viewClass ??= recordViewClass(node);
    return new (node.viewClass as RecordViewClass)(dv, at);
  },
};
