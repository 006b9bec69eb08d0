/**
 * One version of pnpm everywhere. pnpm told by `packageManager` to be another version tries to fetch that one, so a
 * literal left behind by an upgrade breaks the very command that sets the workspace up.
 */

import { expect, test } from "vitest";
import { files, isText, packages, read, rootManifest } from "../src/workspace.js";

const pinned = /^pnpm@(\d+\.\d+\.\d+)\+sha512\./.exec(rootManifest.packageManager ?? "")?.[1];

test("packageManager pins pnpm by version and hash", () => {
  expect(pinned).toBeDefined();
});

test("every mention of a pnpm version is the pinned one", () => {
  const mentions = files
    .filter((file) => file !== "pnpm-lock.yaml" && isText(file))
    .flatMap((file) =>
      [...read(file).matchAll(/pnpm@(\d+(?:\.\d+)*)/g)].map(([, version]) => ({ file, version })),
    );
  expect(mentions.length).toBeGreaterThan(3); // packageManager itself, setup, test, demo
  expect(mentions.filter(({ version }) => version !== pinned)).toEqual([]);
});

test("development tools are pinned exactly", () => {
  const loose = Object.entries(rootManifest.devDependencies ?? {}).filter(
    ([, range]) => !/^(npm:(@?[\w./-]+)@)?\d+\.\d+\.\d+$/.test(range),
  );
  expect(loose).toEqual([]);
});

test("packages share one version", () => {
  expect(new Set(packages.map(({ manifest }) => manifest.version)).size).toBe(1);
});
