/**
 * An agent dies after each of its accesses in turn; another gives back what it had locked, while a third goes on.
 *
 * No model: what was half-done may have been done or not. What is looked at is that the third gets what it waits for, that no lock and no
 * node is lost, and that the table is whole.
 *
 * @module
 */

import { reap } from "@memkit/frame-meta/agents";
import { explore } from "@memkit/interleave";
import { contents, countsAreMappings, entriesOf, nodesAreSomewhere } from "./look.js";
import type { Agent, Lib, Op, Shared, TableScenario, World } from "./world.js";
import { possible, scenarioOf } from "./world.js";

const [VICTIM, REAPER] = [0, 1];

/** Refusals are answers: what the dead have done may be in the way. */
const quietly =
  ({ run }: Op) =>
  (agent: Agent): unknown => {
    try {
      return run(agent);
    } catch (error) {
      const { code } = error as { readonly code?: string };
      if (code === undefined || code === "corrupt-table") throw error;
      return code;
    }
  };

const LOCK_WORD = 1;
const COUNT_WORD = 10;
const USAGE_WORD = 11;

function noneOfTheDead({ table }: Shared): string | undefined {
  const { slots } = table.frames;
  for (let slot = 0; slot < slots.frames; slot += 1) {
    if (slots.words[slots.wordOf(slot, USAGE_WORD)] === 0) continue;
    if (slots.words[slots.wordOf(slot, COUNT_WORD)]! <= 0) continue; // a node no more, or not yet
    const lock = slots.words[slots.wordOf(slot, LOCK_WORD)]!;
    if (Math.abs(lock) === VICTIM + 1) return `frame ${slot} is locked by the dead`;
  }
  return undefined;
}

/** What was half-written is nothing, and what nobody has changed is as it was. Frames of new items are not known beforehand. */
function onlyWhatWasWritten(
  { table }: Shared,
  { may, must }: ReturnType<typeof possible>,
): string | undefined {
  const entries = entriesOf(contents(table));
  const tracked = table.config.items === "tracked";
  const invented = tracked ? undefined : entries.find((entry) => !may.has(entry));
  if (invented !== undefined) return `nobody has mapped ${invented}`;
  const lost = [...must].find((entry) => !entries.includes(entry));
  return lost && `nobody has unmapped ${lost}`;
}

/** More accesses than this the dying one has not, when somebody is in its way, than when it is alone. */
const IN_THE_WAY = 8;

/** How many accesses the operations have that nobody disturbs. */
function accessesOf(lib: Lib, world: World, dying: readonly Op[]): number {
  return explore(scenarioOf(lib, world, [dying, [], []])).longestTrace;
}

function reapScenario(
  lib: Lib,
  world: World,
  after: number,
  dying: readonly Op[],
  living: readonly Op[],
): TableScenario {
  const scenario = scenarioOf(lib, world, [dying, [], living]);
  const { model: _, threads: __, ...rest } = scenario;
  const written = possible(world, [dying, living]);
  const reaping = ({ table }: Agent): unknown =>
    reap(table.frames, [VICTIM], { patience: Number.MAX_SAFE_INTEGER }).error;
  const counted = "PT-31" in (rest.atEnd ?? {});
  // What the dead was building, giving back, mapping or unmapping: with a ledger that is known, too.
  const spare = world.ledger === true ? 0 : 1;
  return {
    ...rest,
    threads: [dying.map(quietly), [reaping], living.map(quietly)],
    death: { thread: VICTIM, after, heirs: [REAPER] },
    atEnd: {
      ...rest.atEnd,
      "PT-58, locks": noneOfTheDead,
      "PT-58, entries": (shared: Shared) => onlyWhatWasWritten(shared, written),
      "PT-52 PT-55": ({ table }: Shared) => nodesAreSomewhere(table, spare),
      ...(counted && { "PT-31": ({ table }: Shared) => countsAreMappings(table, 1) }),
    },
  };
}

/** One scenario for each access after which the agent may die; the last ones are those in which it lives. */
export function reapScenarios(
  lib: Lib,
  world: World,
  deaths: readonly number[] | "all",
  dying: readonly Op[],
  living: readonly Op[],
): TableScenario[] {
  const all = (): number[] =>
    Array.from({ length: accessesOf(lib, world, dying) + IN_THE_WAY }, (_, after) => after);
  return (deaths === "all" ? all() : deaths).map((after) =>
    reapScenario(lib, world, after, dying, living),
  );
}
