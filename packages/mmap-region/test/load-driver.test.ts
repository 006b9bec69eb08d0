/** Which driver is chosen, and what is said where none can be had: in processes that cannot have them. */

import { describe, expect, test } from "vitest";
import { loadDriver as inBrowser } from "../src/driver.browser.js";
import { loadDriver, type NativeDriverName } from "../src/driver.js";
import { refusal } from "./expect-error.js";
import { type Outcome, runChild } from "./support/child.js";

const hasFfi = process.getBuiltinModule("node:ffi" as "node:fs") !== undefined;

const said = ({ status, stdout, stderr }: Outcome): Record<string, unknown> => {
  expect({ status, stderr: stdout === "" ? stderr : "" }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
};

test("koffi first, one of it, and said so", async () => {
  const first = await loadDriver();
  expect(first).toMatchObject({ notice: "native memory through koffi", failures: [] });
  expect((await loadDriver({ only: "koffi" })).driver).toBe(first.driver);
});

test("node:ffi when it is asked for and there is one", async () => {
  const { driver, notice, failures } = await loadDriver({ only: "node:ffi" });
  expect([driver?.name, notice]).toEqual(
    hasFfi
      ? ["node:ffi", "native memory through node:ffi"]
      : [
          undefined,
          "no native memory: the node:ffi driver cannot be used: this Node has no node:ffi",
        ],
  );
  expect(failures.map(({ code }) => code)).toEqual(hasFfi ? [] : ["driver-unavailable"]);
});

test.each(["toString", "kofi", ""])("no driver is called %j", async (only) => {
  const promise = loadDriver({ only: only as NativeDriverName });
  await expect(promise).rejects.toMatchObject({ code: "invalid-argument", argument: "only" });
});

test("a browser has none, and is told so", async () => {
  const { driver, notice, failures } = await inBrowser();
  expect(driver).toBeUndefined();
  expect(notice).toBe("no native driver for browser on unknown; WasmRegion works everywhere");
  refusal(() => {
    throw failures[0];
  }, "unsupported-platform");
});

describe("in a process of its own", () => {
  test("forbidden by --permission: a notice, and a region of wasm memories", () => {
    const flag =
      Number.parseInt(process.versions.node, 10) < 23
        ? "--experimental-permission"
        : "--permission";
    const allowed = [
      "--allow-fs-read=*",
      "--allow-fs-write=*",
      "--allow-worker",
      "--allow-child-process",
    ];
    const { driver, backend, notice, codes } = said(runChild("load.ts", [], [flag, ...allowed]));
    expect([driver, backend]).toEqual([undefined, "wasm"]);
    expect(codes).toEqual(["driver-unavailable koffi", "driver-unavailable node:ffi"]);
    expect(notice).toMatch(/^no native memory: the koffi driver cannot be used: .+; the node:ffi/);
  });

  test("koffi not installed: the next one, or a notice", () => {
    const hide = new URL("support/hide-koffi.mjs", import.meta.url).href;
    const { driver, backend, codes } = said(runChild("load.ts", [], ["--import", hide]));
    expect(driver).toBe(hasFfi ? "node:ffi" : undefined);
    expect(backend).toBe(hasFfi ? "mmap" : "wasm");
    expect(codes).toContain("driver-unavailable koffi");
  });
});
