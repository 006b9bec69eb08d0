/** What only a real system shows: seals, both ways to find dirty pages, and that random use does not end the process. */

import { readdirSync, readlinkSync, truncateSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bindKoffi } from "../../src/driver/koffi.js";
import { LinuxPagemap } from "../../src/driver/linux-pagemap.js";
import { snapshot } from "../../src/snapshot.js";
import { nativeDrivers } from "../contract/drivers.js";
import { runChild } from "../support/child.js";

const koffis = nativeDrivers.filter(({ name }) => name === "koffi");

/** The descriptors of this process that are memory files of images. */
const imageFiles = (): string[] =>
  readdirSync("/proc/self/fd")
    .map((fd) => `/proc/self/fd/${fd}`)
    .filter((path) => {
      try {
        return readlinkSync(path).includes("memkit-image");
      } catch {
        return false; // the descriptor of the listing itself is gone
      }
    });

test.each(koffis)("nobody can write to an image's file or cut it short (MR-40)", (driver) => {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const before = imageFiles().length;
  const image = snapshot(memory, { driver, engine: "scan+undo" });
  image.apply(memory);
  const files = imageFiles();
  expect(files.length).toBe(before + 1);
  for (const file of files) {
    expect(() => truncateSync(file, 0)).toThrow("EPERM");
    expect(() => writeFileSync(file, "x", { flag: "r+" })).toThrow("EPERM");
  }
  image.close();
  expect(imageFiles().length).toBe(before);
});

test.each(koffis)("a scan finds what reading all entries finds", async (driver) => {
  const libc = await bindKoffi();
  const scan = new LinuxPagemap(libc, 4096);
  const entries = new LinuxPagemap({ ...libc, ioctl: () => -1 }, 4096);
  const memory = new WebAssembly.Memory({ initial: 80 });
  const bytes = new Uint8Array(memory.buffer);
  bytes.fill(1);
  const image = snapshot(memory, { driver, engine: "discard" });
  image.apply(memory);
  const address = libc.addressOf(memory.buffer);
  // 640 runs: more than one answer of the call holds.
  const written = Array.from({ length: 1280 }, (_, n) => n).filter((page) => page % 2 === 0);
  for (const page of written) bytes[page * 4096] = 2;
  for (const pages of [new Uint32Array(1280), new Uint32Array(640)]) {
    for (const pagemap of [scan, entries]) {
      expect(pagemap.dirtyPages(address, bytes.length, pages)).toBe(640);
      expect([...pages.subarray(0, 640)]).toEqual(written);
    }
  }
  for (const pagemap of [scan, entries]) {
    expect(pagemap.dirtyPages(address, bytes.length, new Uint32Array(639))).toBe(-1);
  }
  image.close();
});

test("random memories, images, growth and collection (MR-42)", () => {
  const { status, signal, stdout, stderr } = runChild(
    new URL("./stress.ts", import.meta.url),
    ["2"],
    ["--expose-gc"],
  );
  const told = status === 0 ? "" : stderr; // node:ffi says there that it is experimental
  expect({ status, signal, told }).toEqual({ status: 0, signal: null, told: "" });
  expect((JSON.parse(stdout) as { resets: number }).resets).toBeGreaterThan(0);
});
