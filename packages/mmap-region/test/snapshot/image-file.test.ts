/** Images in files. */

import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
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
  for (const length of [0, 8, 11, 12, 40]) {
    writeFileSync(path, whole.subarray(0, length));
    refusal(() => loadImage(path), "malformed-image");
  }
  const version = Uint8Array.from(whole);
  version[7] = 2;
  writeFileSync(path, version);
  refusal(() => loadImage(path), "malformed-image");
  for (const header of ["[]", "null", "{", '{"memories":[["m",1]],"globals":[],"tables":[]}']) {
    const bytes = new Uint8Array(4096);
    bytes.set(whole.subarray(0, 8));
    bytes[8] = header.length;
    bytes.set(new TextEncoder().encode(header), 12);
    writeFileSync(path, bytes);
    refusal(() => loadImage(path), "malformed-image");
  }
  image.close();
  refusal(() => saveImage(image, path), "image-closed");
});

test("references to objects of this process are refused, and nothing is left behind", () => {
  const instance = filled();
  (instance.exports.x as WebAssembly.Global).value = { host: true };
  const image = snapshot(instance);
  const other = join(folder, "other");
  refusal(() => saveImage(image, other), "state-out-of-reach", { what: "global x" });
  expect(() => readFileSync(other)).toThrow("ENOENT");
  image.close();
});
