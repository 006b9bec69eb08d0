/** `@memkit/frame-meta/slots`: a part of the main entry, not another copy of it. */

import * as main from "@memkit/frame-meta";
import * as slots from "@memkit/frame-meta/slots";
import { expect, it } from "vitest";

it("has what the main entry has, and no handles", () => {
  const whole: Readonly<Record<string, unknown>> = main;
  for (const [name, value] of Object.entries(slots)) expect(whole[name], name).toBe(value);
  expect(Object.keys(slots)).toContain("createSlots");
  for (const name of ["Frame", "FrameTable", "defineFrameMeta"]) {
    expect(slots).not.toHaveProperty(name);
  }
});
