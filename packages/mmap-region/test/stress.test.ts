/** Nothing dangles, whoever dies when: the short form of `npm run stress`. */

import { expect, test } from "vitest";
import { runChild } from "./support/child.js";

test("two seconds of threads that keep, steal and die: no signal, and nobody's bytes", () => {
  const { signal, status, stdout, stderr } = runChild("stress.ts", ["2", "1"], ["--expose-gc"]);
  expect({ signal, status, stderr: stderr.slice(0, 500) }).toMatchObject({
    signal: null,
    status: 0,
  });
  const { steps, died } = JSON.parse(stdout);
  expect(steps).toBeGreaterThan(50);
  expect(died).toBeGreaterThanOrEqual(1);
});
