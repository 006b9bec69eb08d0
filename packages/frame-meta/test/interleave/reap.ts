/**
 * An agent dies after each of its accesses in turn; another gives back what it held, while a third goes on.
 *
 * No model: what was half-done may have been done or not. What is looked at is that nobody holds what the dead held, that the living
 * hold what they hold (K1-K3, F1, U1 by the ledger), and that no frame is lost: unused, somebody's, or parked.
 *
 * @module
 */

import {
  type Frame,
  FrameError,
  type FrameMeta,
  FrameTable,
  type UniqueFrame,
} from "@memkit/frame-meta";
import { inTransit, reap } from "@memkit/frame-meta/agents";
import { LinkedList, type LinkMeta } from "@memkit/frame-meta/list";
import { FrameLedger } from "@memkit/frame-meta/model";
import type { Scenario } from "@memkit/interleave";
import { allHolds, COUNT_WORD, slotsHold } from "./look.js";
import {
  type Agent,
  type Held,
  metadata,
  type Op,
  PAGE,
  ROOM,
  shipped,
  type TypeName,
  types,
} from "./world.js";

const [VICTIM, REAPER] = [0, 1];
/** The victim, the reaper, and the one that goes on, in whose name all is set up. */
const AGENTS = 3;

interface Shared {
  readonly table: FrameTable;
  readonly buffer: SharedArrayBuffer;
  readonly words: SharedArrayBuffer;
  readonly raws: readonly { readonly frames: number[]; readonly uniques: number[] }[];
}

const memory = () => ({ buffer: new ArrayBuffer(PAGE) });
const ledgerOf = (agent: number, buffer?: SharedArrayBuffer): FrameLedger =>
  new FrameLedger({ frames: 1, agents: AGENTS, agent, ...(buffer && { buffer }) });

/** Refusals are answers, and so is what they give. */
const quietly =
  ({ run }: Op) =>
  (agent: Agent): unknown => {
    try {
      return run(agent);
    } catch (error) {
      if (error instanceof FrameError) return error.code;
      throw error;
    }
  };

/** Frame.send of the handle got last: it is nobody's then, and the dead do not take it along. */
export const sendLast: Op = {
  name: "send",
  run: ({ frames }) => {
    frames.pop()?.send();
  },
};

function attach({ buffer, words, raws }: Shared, thread: number, type: TypeName): Agent {
  const ledger = ledgerOf(thread, words);
  const table = FrameTable.attach({ buffer, memory: memory() }, { ledger, agent: thread });
  table.bind(types[type] as FrameMeta);
  const { frames = [], uniques = [] } = raws[thread] ?? {};
  return {
    lib: shipped,
    table,
    frames: frames.map((raw) => shipped.Frame.fromRaw(table, raw) as Frame),
    uniques: uniques.map((raw) => shipped.UniqueFrame.fromRaw(table, raw) as UniqueFrame),
    list: new LinkedList(table, types.linked as unknown as LinkMeta),
  };
}

function setUp(type: TypeName, held: readonly Held[]): Shared {
  const ledger = ledgerOf(AGENTS - 1);
  const options = { memory: memory(), mode: "shared", ...ROOM } as const;
  const table = FrameTable.create(options, { ledger, agent: AGENTS - 1 });
  const meta = types[type] as FrameMeta;
  table.bind(meta);
  let first: Frame | undefined;
  const raws = held.map(({ frames = [], uniques = [] }) => ({
    frames: frames.map(() => {
      const frame = first?.clone() ?? shipped.Frame.fromUnused(table, 0, meta, metadata(type, 1));
      first ??= frame.clone();
      return frame.intoRaw();
    }),
    uniques: uniques.map(() =>
      shipped.UniqueFrame.fromUnused(table, 0, meta, metadata(type, 1)).intoRaw(),
    ),
  }));
  first?.drop();
  table.agent?.leave();
  return {
    table,
    buffer: table.buffer as SharedArrayBuffer,
    words: ledger.buffer as SharedArrayBuffer,
    raws,
  };
}

/** The count is what the ledger and the records of handles on their way say; the dead have nothing. */
function nothingLost({ table }: Shared): string | undefined {
  const { slots, ledger } = table;
  const count = slots.words[slots.wordOf(0, COUNT_WORD)]!;
  const left = ledger?.report().filter(({ agent }) => agent === VICTIM) ?? [];
  if (left.length > 0) return `the dead still hold ${JSON.stringify(left)}`;
  const held = ledger?.report().reduce((sum, entry) => sum + entry.count, 0) ?? 0;
  const sent = inTransit(table).length;
  if (count > 0 && count !== held + sent) return `count ${count}, ${held} held and ${sent} sent`;
  return count < 0 && count === -1 && held + sent > 0 ? "somebody holds what is unused" : undefined;
}

/** Frame 0 of type `type`; `first` is what the dead and who goes on hold at the start. */
export function reapScenario(
  after: number,
  type: TypeName,
  [victim, bystander]: readonly [Held, Held],
  dying: readonly Op[],
  living: readonly Op[],
): Scenario<Shared, Agent> {
  const reaping = ({ table }: Agent): unknown =>
    reap(table, [VICTIM], { patience: Number.MAX_SAFE_INTEGER }).frames.map(
      ({ outcome }) => outcome,
    );
  return {
    setup: () => setUp(type, [victim, {}, bystander]),
    attach: (shared, thread) => attach(shared, thread, type),
    threads: [dying.map(quietly), [reaping], living.map(quietly)],
    death: { thread: VICTIM, after, heirs: [REAPER] },
    invariants: { "S1, S3-S6, R1-R4, F4": slotsHold },
    atEnd: { checkInvariants: allHolds, "nothing is lost": nothingLost },
  };
}
