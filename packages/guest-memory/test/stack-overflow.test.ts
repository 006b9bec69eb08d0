/** What happens at the end of the stack, where there is no room to compile anything. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("a guest that exhausts the stack through nested entries ends like any other, and the host lives (GM-13)", () => {
  const script = fileURLToPath(new URL("support/nested-overflow.ts", import.meta.url));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=@memkit/source", "--import", "tsx", script],
    { encoding: "utf8", timeout: 60_000 },
  );
  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: "guest-trap guest-trap guest-trap\n",
    stderr: "",
  });
});
