/** On which Node the tests run. `scripts/test-nodes.mjs` says which one it means; else any that we support will do. */

import { expect, test } from "vitest";
import { packages, rootManifest } from "../src/workspace.js";

const [major, minor] = process.versions.node.split(".").map(Number);

test("this is the Node that was asked for", () => {
  expect(String(major)).toBe(process.env.MEMKIT_NODE_MAJOR ?? String(major));
});

test("this Node is not older than what every package declares", () => {
  const floors = [rootManifest, ...packages.map(({ manifest }) => manifest)].map(
    (m) => m.engines?.node,
  );
  expect(new Set(floors)).toEqual(new Set([">=20.19"]));
  expect(major! * 1000 + minor!).toBeGreaterThanOrEqual(20_019);
});
