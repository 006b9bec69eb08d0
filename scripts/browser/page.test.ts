/** That the page is what the run says it is. Everything else here is a test of a package. */

import { expect, inject, it } from "vitest";

const isolated = inject("page" as never) === "isolated";

it("is a page, and no Node", () => {
  expect("document" in globalThis).toBe(true);
  expect(globalThis.process?.versions?.node).toBeUndefined();
});

it("is cross-origin isolated, or is not", () => {
  expect(globalThis).toHaveProperty("crossOriginIsolated", isolated);
  expect(typeof SharedArrayBuffer).toBe(isolated ? "function" : "undefined");
});
