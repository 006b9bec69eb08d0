/**
 * Images in files: saved by one process, loaded by others.
 *
 * A file is the eight bytes of {@link MAGIC}, the CRC-32 of everything behind it, the length of the header, both in four bytes
 * (little-endian), the header in JSON, and from the next multiple of 4096 on the memories one after the other. It is read into a
 * sealed memory file and not mapped itself: a file that another process cuts short would end this one (`SIGBUS`).
 *
 * The checksum finds damage, not malice: a CRC-32 can be made to fit. It takes about twice as long as copying the bytes, where a
 * SHA-256 takes twenty times as long.
 *
 * @see RFC 1952, section 8, "Appendix: Sample CRC Code"
 *
 * @module
 */

import { badArgument } from "../argument.js";
import { nodeBuiltin } from "../driver/node-builtin.js";
import { HOST_PAGE_SIZE, WASM_PAGE_SIZE } from "../page-size.js";
import { RegionError } from "../region-error.js";
import { Image, memoryImages } from "./image.js";
import type { Kept, Origin } from "./instance-state.js";
import { planOf, type SnapshotOptions } from "./options.js";

/** `memkit` and the version of the format. */
const MAGIC: Uint8Array = new TextEncoder().encode("memkit\0\x02");
/** Where what is summed begins. */
const SUMMED = MAGIC.length + 4;
const PREFIX = SUMMED + 4;

/** A value of a global or a table element: a number by its 64 bits, so that NaN, infinities and -0 come back. */
type Saved =
  | { readonly number: string }
  | { readonly bigint: string }
  | { readonly undefined: true }
  | { readonly null: true }
  | { readonly origin: Origin };

interface Header {
  readonly memories: readonly (readonly [name: string, byteLength: number])[];
  readonly globals: readonly (readonly [name: string, value: Saved])[];
  readonly tables: readonly (readonly [name: string, elements: readonly Saved[]])[];
}

const bits = new BigUint64Array(1);
const double = new Float64Array(bits.buffer);

function save({ value, origin }: Kept, what: string): Saved {
  if (origin !== undefined) return { origin };
  if (value === null) return { null: true };
  if (value === undefined) return { undefined: true };
  if (typeof value === "bigint") return { bigint: value.toString() };
  if (typeof value === "number") {
    double[0] = value;
    return { number: bits[0]!.toString(16) };
  }
  const reason = "it is an object of this process, which no file can hold";
  throw new RegionError({ code: "state-out-of-reach", what, reason });
}

const malformed = (reason: string): RegionError =>
  new RegionError({ code: "malformed-image", reason });

/** A stand-in for a function that each instance has its own of: never called, only translated. */
function elsewhere(): never {
  throw malformed("a function of a saved image was called");
}

function restore(saved: Saved): Kept {
  if ("origin" in saved) return { value: elsewhere, origin: saved.origin };
  if ("null" in saved) return { value: null, origin: undefined };
  if ("bigint" in saved) return { value: BigInt(saved.bigint), origin: undefined };
  if (!("number" in saved)) return { value: undefined, origin: undefined };
  bits[0] = BigInt(`0x${saved.number}`);
  return { value: double[0], origin: undefined };
}

const padding = (length: number): number =>
  (HOST_PAGE_SIZE - (length % HOST_PAGE_SIZE)) % HOST_PAGE_SIZE;

function builtin<K extends "node:fs" | "node:zlib">(
  id: K,
): NonNullable<ReturnType<typeof nodeBuiltin<K>>> {
  const found = nodeBuiltin(id);
  if (found !== undefined) return found;
  throw new RegionError({ code: "unsupported", backend: "wasm", capability: "files without Node" });
}

function requirePath(path: string): void {
  if (typeof path !== "string" || path === "") throw badArgument("path", path, "must be a path");
}

/**
 * Writes the image to a file, which is there whole or not at all. Of an increment everything is written, as of a whole image.
 *
 * @throws {@link RegionError} `image-closed`, `invalid-argument`; `state-out-of-reach` for references to objects and to functions
 * that are not the module's own (see {@link track}); `unsupported` without Node. Errors of the file system as they are.
 */
export function saveImage(image: Image, path: string): void {
  if (!(image instanceof Image)) throw badArgument("image", image, "must be an image");
  requirePath(path);
  const fs = builtin("node:fs");
  const { crc32 } = builtin("node:zlib");
  const { memories, state } = image.contents();
  const contents = memories.map(({ name, bytes }) => [name, bytes.whole()] as const);
  const header: Header = {
    memories: contents.map(([name, bytes]) => [name, bytes.length]),
    globals: [...state.globals].map(([name, kept]) => [name, save(kept, `global ${name}`)]),
    tables: [...state.tables].map(([name, elements]) => [
      name,
      elements.map((kept, index) => save(kept, `element ${index} of table ${name}`)),
    ]),
  };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = new Uint8Array(PREFIX + json.length + padding(PREFIX + json.length));
  start.set(MAGIC);
  start.set(json, PREFIX);
  const fields = new DataView(start.buffer);
  fields.setUint32(SUMMED, json.length, true);
  let sum = crc32(start.subarray(SUMMED));
  for (const [, bytes] of contents) sum = crc32(bytes, sum);
  fields.setUint32(MAGIC.length, sum, true);
  const unfinished = `${path}.unfinished`;
  const fd = fs.openSync(unfinished, "w");
  try {
    try {
      fs.writeFileSync(fd, start);
      for (const [, bytes] of contents) fs.writeFileSync(fd, bytes);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(unfinished, path);
  } catch (error) {
    fs.unlinkSync(unfinished);
    throw error;
  }
}

/**
 * Reads an image from a file. An instance that it is applied to must be tracked if a table holds functions that are
 * not exported; `image.instantiate` sees to that.
 *
 * @throws {@link RegionError} `malformed-image`, `invalid-argument`, `unsupported`; as {@link snapshot} for the options. Errors of the file
 * system as they are.
 */
export function loadImage(path: string, options: SnapshotOptions = {}): Image {
  requirePath(path);
  const plan = planOf(options);
  const { crc32 } = builtin("node:zlib");
  const file = builtin("node:fs").readFileSync(path);
  if (file.length < PREFIX || MAGIC.some((byte, at) => file[at] !== byte)) {
    throw malformed("it does not begin as one, or is of another version");
  }
  const fields = new DataView(file.buffer, file.byteOffset);
  const sum = crc32(file.subarray(SUMMED));
  if (sum !== fields.getUint32(MAGIC.length, true)) {
    throw malformed("its CRC-32 is another: it was cut short, or damaged");
  }
  const length = fields.getUint32(SUMMED, true);
  if (length > file.length - PREFIX) throw malformed("it ends within its header");
  const header = headerIn(file.subarray(PREFIX, PREFIX + length));
  let at = PREFIX + length + padding(PREFIX + length);
  const memories = new Map<string, Uint8Array>();
  for (const [name, byteLength] of header.memories) {
    memories.set(name, file.subarray(at, at + byteLength));
    at += byteLength;
  }
  if (at !== file.length) throw malformed(`it has ${file.length} bytes, its header says ${at}`);
  const state = {
    globals: new Map(header.globals.map(([name, saved]) => [name, restore(saved)])),
    tables: new Map(
      header.tables.map(([name, elements]) => [name, elements.map(restore)] as const),
    ),
  };
  return new Image({ memories: memoryImages(memories, plan), state }, plan);
}

/** Parses and proves the header: nothing later asks again. */
function headerIn(json: Uint8Array): Header {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (cause) {
    throw new RegionError({ code: "malformed-image", reason: "its header is not JSON" }, { cause });
  }
  const { memories, globals, tables } = Object(header) as Partial<Header>;
  const entries = (list: unknown, isValue: (value: unknown) => boolean): boolean =>
    Array.isArray(list) &&
    list.every(
      (entry: unknown) => Array.isArray(entry) && typeof entry[0] === "string" && isValue(entry[1]),
    );
  const isLength = (value: unknown): boolean =>
    Number.isSafeInteger(value) &&
    (value as number) >= 0 &&
    (value as number) % WASM_PAGE_SIZE === 0;
  const areSaved = (value: unknown): boolean => Array.isArray(value) && value.every(isSaved);
  if (!entries(memories, isLength) || !entries(globals, isSaved) || !entries(tables, areSaved)) {
    throw malformed("its header is not what is written");
  }
  return header as Header;
}

function isSaved(value: unknown): boolean {
  const { number, bigint, origin, ...rest } = Object(value) as Record<string, unknown>;
  if (typeof number === "string") return /^[0-9a-f]{1,16}$/.test(number);
  if (typeof bigint === "string") return /^-?\d{1,20}$/.test(bigint);
  if (origin === undefined) return rest.null === true || rest.undefined === true;
  const { kind, name, index } = Object(origin) as Record<string, unknown>;
  if (typeof name !== "string") return false;
  return kind === "export" || (kind === "table" && Number.isSafeInteger(index));
}
