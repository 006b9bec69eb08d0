/** MR-12: what the drawing says has no access, kills the process that touches it. */

import { describe, expect, test } from "vitest";
import { nativeDrivers } from "./contract/drivers.js";
import { runChild } from "./support/child.js";

const KiB = 1024;
const PAGE = 4 * KiB;
const HEAP = 128 * KiB; // 64 KiB, expanded by 64 KiB
const STACK_GUARD = PAGE + 8192 * KiB;
const STACK = STACK_GUARD + PAGE;
const GLOBALS = STACK + 128 * KiB;
const SIGSTACK_GUARD = GLOBALS + PAGE;
const SIGSTACK = SIGSTACK_GUARD + PAGE;
const END = SIGSTACK + 8 * KiB;

const ACCESSIBLE: readonly (readonly [string, number])[] = [
  ["first byte of the Instance page", 0],
  ["first byte of the heap", PAGE],
  ["last byte of the heap", PAGE + HEAP - 1],
  ["first byte of the stack", STACK],
  ["last byte of the globals", SIGSTACK_GUARD - 1],
  ["last byte of the signal stack", END - 1],
];

const GUARDED: readonly (readonly [string, number])[] = [
  ["first byte behind the heap", PAGE + HEAP],
  ["last byte of the heap's address space", STACK_GUARD - 1],
  ["last byte of the stack's guard", STACK - 1],
  ["first byte of the globals' guard", SIGSTACK_GUARD],
  ["last byte of the globals' guard", SIGSTACK - 1],
  ["first byte behind the slot", END],
];

describe.each(nativeDrivers.map(({ name }) => name))("by %s", (driver) => {
  test("all that is accessible can be touched", () => {
    const offsets = ACCESSIBLE.map(([, offset]) => String(offset));
    const { signal, stdout } = runChild("touch.ts", [driver, ...offsets]);
    expect({ signal, stdout }).toEqual({ signal: null, stdout: `${offsets.join(" ")} ` });
  });

  test.each(GUARDED)("MR-12: SIGSEGV at the %s", (_what, offset) => {
    const { signal, stdout } = runChild("touch.ts", [driver, String(offset)]);
    expect({ signal, stdout }).toEqual({ signal: "SIGSEGV", stdout: "" });
  });
});
