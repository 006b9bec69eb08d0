/** Images in files. */

import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadImage, saveImage, snapshot, track } from "../../src/snapshot.js";
import { refusal } from "../expect-error.js";
import { wat } from "../wat.js";
import { engines } from "./engines.js";

const folder = mkdtempSync(join(tmpdir(), "memkit-image-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "image");

const MODULE = new WebAssembly.Module(
  wat(`(module (memory (export "memory") 2) (table (export "table") 3 funcref)
    (global (export "f") (mut f64) (f64.const -0)) (global (export "n") (mut i64) (i64.const -5))
    (global (export "x") (mut externref) (ref.null extern))
    (func $own (result i32) (i32.const 9)) (elem (i32.const 1) $own)
    (func (export "run") (result i32) (call_indirect (result i32) (i32.const 1))))`),
);

function filled(): WebAssembly.Instance {
  const instance = new WebAssembly.Instance(MODULE);
  track(instance);
  new Uint8Array((instance.exports.memory as WebAssembly.Memory).buffer).fill(3, 100, 70000);
  return instance;
}

describe.each(engines)("%s", (_name, options) => {
  test("what was saved is what new instances have", () => {
    const instance = filled();
    const image = snapshot(instance, options);
    saveImage(image, path);
    const file = readFileSync(path);
    expect(file.readUInt32LE(8)).toBe(crc32(file.subarray(12)));
    image.close();
    const loaded = loadImage(path, options);
    const { exports, ...guest } = loaded.instantiate(MODULE);
    const bytes = (from: Readonly<Record<string, unknown>>): Uint8Array =>
      new Uint8Array((from.memory as WebAssembly.Memory).buffer);
    expect(Buffer.compare(bytes(exports), bytes(instance.exports))).toBe(0);
    expect((exports.f as WebAssembly.Global).value).toBe(-0);
    expect((exports.n as WebAssembly.Global).value).toBe(-5n);
    expect((exports.run as () => number)()).toBe(9);
    expect(guest.instance).not.toBe(instance);
    loaded.close();
  });
});

test("a file that is none, is cut short, or says what nobody writes is refused", () => {
  const image = snapshot(filled());
  saveImage(image, path);
  const whole = readFileSync(path);
  truncateSync(path, whole.length - 1);
  refusal(() => loadImage(path), "malformed-image");
  for (const length of [0, 8, 11, 12, 15, 16, 40]) {
    writeFileSync(path, whole.subarray(0, length));
    refusal(() => loadImage(path), "malformed-image");
  }
  const version = Uint8Array.from(whole);
  version[7] = 1;
  writeFileSync(path, version);
  refusal(() => loadImage(path), "malformed-image");
  for (const header of ["[]", "null", "{", '{"memories":[["m",1]],"globals":[],"tables":[]}']) {
    const bytes = Buffer.alloc(4096);
    bytes.set(whole.subarray(0, 8));
    bytes[12] = header.length;
    bytes.set(new TextEncoder().encode(header), 16);
    bytes.writeUInt32LE(crc32(bytes.subarray(12)), 8);
    writeFileSync(path, bytes);
    const { message } = refusal(() => loadImage(path), "malformed-image");
    expect(message).not.toContain("CRC");
  }
  image.close();
  refusal(() => saveImage(image, path), "image-closed");
});

test("any damage is found: a bit of each field, bits all over the rest, and bytes behind it", () => {
  const image = snapshot(filled());
  saveImage(image, path);
  image.close();
  const whole = readFileSync(path);
  loadImage(path).close();
  const places = Array.from({ length: 16 }, (_, at) => at);
  for (let at = 16; at < 16 + whole.readUInt32LE(12); at += 13) places.push(at);
  for (let at = 4095; at < whole.length; at += 6007) places.push(at);
  const fd = openSync(path, "r+");
  const write = (at: number, byte: number): number => writeSync(fd, Uint8Array.of(byte), 0, 1, at);
  for (const at of [...places, whole.length - 1]) {
    write(at, whole[at]! ^ (1 << (at & 7)));
    refusal(() => loadImage(path), "malformed-image");
    write(at, whole[at]!);
  }
  closeSync(fd);
  loadImage(path).close();
  writeFileSync(path, Buffer.concat([whole, Buffer.alloc(4096)]));
  refusal(() => loadImage(path), "malformed-image");
});

/** A table for CRC-32 after RFC 1952, section 8: another implementation than the one under test. */
const CRC = Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = CRC[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

test("references to objects of this process are refused, and nothing is left behind", () => {
  const instance = filled();
  (instance.exports.x as WebAssembly.Global).value = { host: true };
  const image = snapshot(instance);
  const other = join(folder, "other");
  refusal(() => saveImage(image, other), "state-out-of-reach", { what: "global x" });
  expect(() => readFileSync(other)).toThrow("ENOENT");
  image.close();
});
