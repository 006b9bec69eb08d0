/**
 * The metadata of a page-table node, as the model has it.
 *
 *     word 0    nrChildren (bits 0..15) | stray (16..23) | level (24..31)
 *     word 1    lock
 *
 * Written by hand, for tables whose program needs no other metadata with fields: it is what core's `struct` makes of the same fields,
 * to the byte and to the error (FM-40), without the code that `struct` brings.
 *
 * @see vostd `meta_owners.rs`, `StoredPageTablePageMeta`
 * @module
 */

import {
  type Atomic,
  AtomicCell,
  CoreError,
  isBool,
  isRecord,
  isU8,
  isU16,
  isU32,
  type Kind,
  type Misfit,
  outOfRange,
  type Scalar,
  type Struct,
} from "@memkit/core";
import { ATOMIC, STRUCT } from "./meta-layout.js";
import { Plain } from "./plain.js";

/** The host value of a node's metadata. */
export interface StoredPageTablePageMeta {
  /** Present entries, 0..512. */
  readonly nrChildren: number;
  /** Whether the node has been taken out of its table. */
  readonly stray: boolean;
  /** 1 for leaf tables. */
  readonly level: number;
  /** 1 while somebody holds the lock. A u32 where OSTD has a u8: `Atomics.wait` takes no bytes. */
  readonly lock: number;
}

const Kinds: Pick<typeof Kind, "u8" | "u16" | "u32" | "bool8"> = {
  u8: 0,
  u16: 2,
  u32: 4,
  bool8: 10,
};

const u8 = /* @__PURE__ */ new Plain(Kinds.u8, "u8", 1, isU8);
const u16 = /* @__PURE__ */ new Plain(Kinds.u16, "u16", 2, isU16);
const u32 = /* @__PURE__ */ new Plain(Kinds.u32, "u32", 4, isU32);
const bool8 = /* @__PURE__ */ new Plain(Kinds.bool8, "bool8", 1, isBool);

class AtomicU32 extends Plain<number> {
  readonly element: Plain<number> = u32;
  readonly width = 4;

  constructor() {
    super(ATOMIC, "atomic<u32>", 4, isU32);
  }

  override misfit(value: unknown, path?: string): Misfit | undefined {
    return u32.misfit(value, path);
  }

  view(dv: DataView, at: number): AtomicCell {
    return new AtomicCell(this, dv, at);
  }
}
const lockType = /* @__PURE__ */ new AtomicU32();

const STRAY_OFFSET = 2;
const LEVEL_OFFSET = 3;
const LOCK_OFFSET = 4;
const SIZE = 8;
const ALIGN = 4;
const FIELDS = [
  { name: "nrChildren", offset: 0, type: u16 },
  { name: "stray", offset: STRAY_OFFSET, type: bool8 },
  { name: "level", offset: LEVEL_OFFSET, type: u8 },
  { name: "lock", offset: LOCK_OFFSET, type: lockType },
] as const;

/** The fields' numbers, or why `value` is none of these records. */
function take(record: string, value: StoredPageTablePageMeta): readonly number[] | Misfit {
  if (!isRecord(value)) return outOfRange(record, value);
  const parts: number[] = [];
  for (const { name, type } of FIELDS) {
    const part = value[name]; // once: it may be a getter
    const misfit = type.misfit(part, name);
    if (misfit !== undefined) return misfit;
    parts.push(Number(part));
  }
  return parts;
}

function put(dv: DataView, at: number, taken: readonly number[] | Misfit): void {
  if ("code" in taken) throw new CoreError(taken);
  FIELDS.forEach(({ offset, type }, i) => {
    type.store(dv, at + offset, taken[i]!);
  });
}

/** The first word of the metadata of a node without children. @throws `CoreError` `value-out-of-range`, also for the lock */
export function firstWord(level: number, stray: boolean, lock: number): number {
  const misfit = u8.misfit(level, "level") ?? lockType.misfit(lock, "lock");
  if (misfit !== undefined) throw new CoreError(misfit);
  return (level << (8 * LEVEL_OFFSET)) | (Number(stray) << (8 * STRAY_OFFSET));
}

/** Accessors over the bytes of one node's metadata. */
class NodeView {
  private dv: DataView;
  private at: number;
  private cell: AtomicCell | undefined;

  constructor(dv: DataView, at: number) {
    this.dv = dv;
    this.at = at;
    this.cell = undefined;
  }

  seat(dv: DataView, at: number): void {
    this.dv = dv;
    this.at = at;
  }

  get nrChildren(): number {
    return u16.read(this.dv, this.at);
  }

  set nrChildren(value: number) {
    u16.write(this.dv, this.at, value);
  }

  get stray(): boolean {
    return bool8.read(this.dv, this.at + STRAY_OFFSET);
  }

  set stray(value: boolean) {
    bool8.write(this.dv, this.at + STRAY_OFFSET, value);
  }

  get level(): number {
    return u8.read(this.dv, this.at + LEVEL_OFFSET);
  }

  set level(value: number) {
    u8.write(this.dv, this.at + LEVEL_OFFSET, value);
  }

  get lock(): AtomicCell {
    this.cell ??= lockType.view(this.dv, this.at + LOCK_OFFSET);
    this.cell.seat(this.dv, this.at + LOCK_OFFSET);
    return this.cell;
  }
}

/**
 * Where it lies. A type with this layout is the case `PTNode` of `MetaSlotStorage`.
 *
 * No layout of core's: `struct` takes it for none of its fields.
 */
export const storedPageTablePageMeta: Struct<
  readonly [
    readonly ["nrChildren", Scalar<"u16">],
    readonly ["stray", Scalar<"bool8">],
    readonly ["level", Scalar<"u8">],
    readonly ["lock", Atomic<Scalar<"u32">>],
  ]
> = {
  kind: STRUCT,
  name: "struct { nrChildren, stray, level, lock }",
  size: SIZE,
  align: ALIGN,
  target: "wasm32",
  fields: FIELDS,
  for() {
    return this;
  },
  named(name) {
    return { ...this, name };
  },
  read: (dv, at) => ({
    nrChildren: u16.read(dv, at),
    stray: bool8.read(dv, at + STRAY_OFFSET),
    level: u8.read(dv, at + LEVEL_OFFSET),
    lock: u32.read(dv, at + LOCK_OFFSET),
  }),
  write(dv, at, value) {
    put(dv, at, take(this.name, value));
  },
  writeTo(site, at, value) {
    const taken = take(this.name, value); // what the site throws comes before what is wrong with it
    put(site.open(at, SIZE, ALIGN), at, taken);
  },
  offsetOf(member) {
    const field = FIELDS.find(({ name }) => name === member);
    if (field !== undefined) return field.offset;
    throw new CoreError({ code: "no-such-field", type: this.name, member });
  },
  view: (dv, at) => new NodeView(dv, at),
};
