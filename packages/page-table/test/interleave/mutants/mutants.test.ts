/** PT-50 PT-51 PT-52 PT-55 PT-56: a mistake in each step of the protocol, and what finds it; all others are in MUTANTS.md. */

// Before copies of the package are loaded: it replaces globals that they must find replaced.
import "@memkit/interleave";
import { readFileSync } from "node:fs";
import { replay } from "@memkit/interleave";
import {
  aarch64Format,
  encodeLeaf,
  encodeTable,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  x86Format,
} from "@memkit/page-table/format";
import { afterAll, expect, it } from "vitest";
import { EQUIVALENT } from "./equivalent.js";
import { cleanUp, generate, load, type Mutant } from "./generate.js";
import { judge } from "./judge.js";
import { torn, tornIn } from "./torn.js";

const mutants = generate();
afterAll(cleanUp);

const mutant = (where: string, kind: string, what: string): Mutant =>
  mutants.find((one) => one.where === where && one.kind === kind && one.what.startsWith(what))!;

const OPEN = "open, map: the table is missing";
const ROOT = "three levels: two cursors, one at the root";
const HUGE = "translate, map of a huge page in a table's place";
const REFUSED = "map, a second cursor that is refused half-way";
const COLLECT = "translate, unmap of all, collect";
const NOTHING = "reap of who has nothing, beside a map of a huge page";
const TAKE = "translate, take of the table around it";
const WIDE = "three levels: translate, map by a wide cursor";

it.each([
  ["tryCover", "blind store", "frames.slots.swap", "map, map: one table", "race"],
  ["lower", "dropped statement", "locked.delete", OPEN, "not-linearizable"],
  ["lockBelow", "dropped statement", "this.lockBelow", ROOT, "race"],
  ["wait", "plain access", "slots.load(lock)", "map, map: one page", "race"],
  ["unlockAll", "plain access", "this.frames.slots.store", "map, map: one page", "race"],
  ["lose", "dropped statement", "slots.store", TAKE, "at-end: PT-52 PT-55"],
  ["put", "too early", "Atomics.store(words, at, lo)", HUGE, "invariant: PT-56"],
  ["open", "dropped statement", "this.unlockAll", REFUSED, "at-end: PT-52 PT-55"],
  [
    "finish",
    "dropped statement",
    "this.locks.release",
    "map, map: one table",
    "error: cursor-deadlock",
  ],
  ["strand", "dropped statement", "this.locks.lose", TAKE, "at-end: PT-52 PT-55"],
  ["take", "dropped check", "pinned.every", COLLECT, "race"],
  ["translate", "dropped statement", "frames.pin", "cleanUp, translate", "race"],
  ["mapPfn", "too early", "Atomics.store(words, at,", "alone: map in a row", "invariant: PT-56"],
  ["makeTables", "dropped statement", "this.table.locks.adopt", WIDE, "at-end: PT-52 PT-55"],
  ["takeTable", "too early", "store.strandTree", TAKE, "invariant: PT-30 PT-33"],
  ["clearEntry", "dropped statement", "this.store.count", TAKE, "at-end: checkInvariants"],
  ["takeOver", "plain access", "slots.load(meta", NOTHING, "race"],
  ["childrenOf", "dropped statement", "memory.locate", "reap, map", "threw"],
  ["repair", "dropped check", "!stray", "reap in the middle of a fork", "at-end: PT-52 PT-55"],
] as const)(
  '%s, %s of %s: found in "%s" by %s',
  async (where, kind, what, scenario, oracle) => {
    const { kill } = judge(await load(mutant(where, kind, what)), undefined, [scenario]);
    expect(kill).toEqual({ scenario, oracle });
  },
  120_000,
);

it("IL-7: a failing trace of a mutant fails again in the same way", async () => {
  const { scenario, failure, trace } = torn(await load(tornIn(mutants)));
  expect(failure.kind).toBe("not-linearizable");
  expect(replay(scenario, trace)).toMatchObject({ failure, trace });
});

const document = readFileSync(new URL("../../MUTANTS.md", import.meta.url), "utf8");
const rows = document.split("\n").filter((line) => /^\| [a-z]+-\d+ \|/.test(line));

it("MUTANTS.md says of each who killed it, why it is none, or that it is open", () => {
  expect(rows.map((row) => row.split(" | ")[0]?.slice(2))).toEqual(mutants.map(({ id }) => id));
});

it("no whole entry has a lower word of 0 and an upper one of its own", () => {
  for (const format of [x86Format(), riscvFormat({ sv: 39 }), aarch64Format()]) {
    for (const flags of [0, READ | USER]) {
      expect(encodeLeaf(format, 0, 1, pageProperty(flags)).lo).not.toBe(0);
    }
    expect(encodeTable(format, 0).lo).not.toBe(0);
  }
});

it("each argument why a mutant is none is about some mutant", () => {
  for (const { matches, reason } of EQUIVALENT) expect(mutants.some(matches), reason).toBe(true);
});
