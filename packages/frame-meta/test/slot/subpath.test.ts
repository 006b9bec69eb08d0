/** `@memkit/frame-meta/slots`: the main entry's slots, not another copy of them, and counts. */

import * as main from "@memkit/frame-meta";
import * as slots from "@memkit/frame-meta/slots";
import { expect, it } from "vitest";

it("has the slots of the main entry, and no handles", () => {
  const whole: Readonly<Record<string, unknown>> = main;
  const common = Object.entries(slots).filter(([name]) => name in whole);
  expect(common.map(([name]) => name)).toContain("createSlots");
  for (const [name, value] of common) expect(whole[name], name).toBe(value);
  for (const name of ["Frame", "FrameTable", "defineFrameMeta"]) {
    expect(slots).not.toHaveProperty(name);
  }
});
