import { describe, expect, it } from "vitest";
import { HELP, parseOptions } from "../src/cli.js";

describe("arguments", () => {
  it("default to everything, quickly, on the screen", () => {
    expect(parseOptions([])).toEqual({ only: null, full: false, json: null, compare: null });
  });

  it("are read in either spelling, with or without the scope", () => {
    expect(
      parseOptions(["--only=a.b", "--full", "--json", "o.json", "--compare", "i.json"]),
    ).toEqual({
      only: "a.b",
      full: true,
      json: "o.json",
      compare: "i.json",
    });
    expect(parseOptions(["--only", "@memkit/core"])).toMatchObject({ only: "core" });
    expect(parseOptions(["--help"])).toEqual({ help: true });
  });

  it.each([
    [["--quick"], "--quick"],
    [["guest-memory"], "guest-memory"],
    [["--only"], "--only"],
    [["--only="], "--only"],
    [["--json", "--full"], "--json"],
    [["--full=yes"], "--full"],
  ])("refuse %j with a sentence that names it", (args, named) => {
    expect(parseOptions(args)).toEqual({ refused: expect.stringContaining(named) });
  });

  it("are all in the help", () => {
    for (const name of ["--only", "--full", "--json", "--compare", "--help"]) {
      expect(HELP).toContain(name);
    }
  });
});
