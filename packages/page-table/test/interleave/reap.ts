/**
 * An agent dies after each of its accesses in turn; another gives back what it had locked, while a third goes on.
 *
 * No model: what was half-done may have been done or not. What is looked at is that the third gets what it waits for, that no lock and no
 * node is lost, and that the table is whole.
 *
 * @module
 */

import { reap } from "@memkit/frame-meta/agents";
import type { Agent, Lib, Op, Shared, TableScenario, World } from "./world.js";
import { scenarioOf } from "./world.js";

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

const noneOfTheDead = ({ table }: Shared): string | undefined => {
  const { slots } = table.frames;
  for (let slot = 0; slot < slots.frames; slot += 1) {
    const usage = slots.words[slots.wordOf(slot, 11)];
    const lock = slots.words[slots.wordOf(slot, 1)]!;
    if (usage !== 0 && Math.abs(lock) === VICTIM + 1) return `frame ${slot} is locked by the dead`;
  }
  return undefined;
};

export function reapScenario(
  lib: Lib,
  world: World,
  after: number,
  dying: readonly Op[],
  living: readonly Op[],
): TableScenario {
  const { model: _, threads: __, ...rest } = scenarioOf(lib, world, [dying, [], living]);
  const reaping = ({ table }: Agent): unknown =>
    reap(table.frames, [VICTIM], { patience: Number.MAX_SAFE_INTEGER }).error;
  return {
    ...rest,
    threads: [dying.map(quietly), [reaping], living.map(quietly)],
    death: { thread: VICTIM, after, heirs: [REAPER] },
    atEnd: { ...rest.atEnd, "PT-58": noneOfTheDead },
  };
}
