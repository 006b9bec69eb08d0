/** PT-50 PT-51 PT-53 PT-54 PT-55 PT-56: the short form of the soak; `npm run soak --prefix packages/page-table` is the long one. */

import { expect, it } from "vitest";
import { soak } from "./soak.js";

it("two workers on pages of the same tables lose none, and see no entry half-written", async () => {
  expect(await soak({ agents: 2, pages: 64, step: 16, rounds: 1500 })).toBe(3000);
}, 60_000);
