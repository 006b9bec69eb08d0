/**
 * `checkInvariants` of an address space: its table's, and what the caches and the readers and writers add.
 *
 * | id | PT    | what                                                                                     |
 * |----|-------|------------------------------------------------------------------------------------------|
 * | T1 | PT-12 | a cache of a processor that has or has had the space grants nothing that a new walk would |
 * |    |       | refuse, but for what the processor is asked to flush and has not yet                     |
 * | V1 | PT-43 | a writer's range is in no other reader's or writer's                                     |
 *
 * @see vostd `vm_space.rs`, `tlb.rs`
 * @module
 */

import { checkObject } from "../argument.js";
import { checkInvariants as checkTable, type TableInvariant } from "../table/check.js";
import { ANY_ASID, type TlbEntry } from "../tlb/translation-cache.js";
import { joinVa, vpnOfWords } from "../virtual-address.js";
import { Walker } from "../walk/walker.js";
import type { VmCpu } from "./vm-cpu.js";
import type { VmSpace } from "./vm-space.js";

/** The ids of the invariants of address spaces. */
export type VmInvariant = TableInvariant | "T1" | "V1";

/** An invariant that does not hold. */
export interface VmViolation {
  readonly id: VmInvariant;
  readonly va: bigint;
  readonly pfn: number;
  readonly what: string;
}

/** Whether an entry is one that a processor has been asked to flush, and will. */
function isOwed({ shootdown }: VmCpu, { hi, lo, asid, level, global }: TlbEntry): boolean {
  const size = 2 ** (9 * level - 9);
  const page = vpnOfWords(hi, lo);
  const base = page - (page % size);
  for (const [requestHi, requestLo, pages, whose] of shootdown.owed()) {
    const first = vpnOfWords(requestHi, requestLo);
    const about = whose === ANY_ASID || (!global && whose === asid);
    if (about && base < first + pages && first < base + size) return true;
  }
  return false;
}

/** What is wrong with a cache's entry, by what a walk to its page has found. */
function judge(walker: Walker, { hi, lo, pfn, rights, global }: TlbEntry): string | undefined {
  if (walker.walk(hi, lo) < 0 || walker.pfn !== pfn) return "a cache leads elsewhere";
  if ((walker.rights & rights) !== rights) return "a cache grants what the tables do not";
  return global && !walker.global ? "a cache has for all spaces what is one's" : undefined;
}

function* translations({ table, processors, asid }: VmSpace): Generator<VmViolation> {
  const { frames, config, rootPfn } = table;
  const walker = new Walker({
    format: config.format,
    memory: frames.memory,
    root: rootPfn,
    settings: { accessedDirty: "ignore" },
  });
  for (const cpu of processors) {
    for (const entry of cpu.tlb.entries()) {
      // Whatever space the processor has, it uses what is global.
      if (entry.asid !== asid && !entry.global) continue;
      const what = judge(walker, entry);
      if (what === undefined || isOwed(cpu, entry)) continue;
      yield { id: "T1", va: joinVa(entry.hi, entry.lo), pfn: entry.pfn, what };
    }
  }
}

function* ranges({ ranges }: VmSpace): Generator<VmViolation> {
  const claims = [...ranges.claims];
  for (const [i, one] of claims.entries()) {
    for (const other of claims.slice(i + 1)) {
      if (!(one.write || other.write) || one.end <= other.start || other.end <= one.start) continue;
      yield {
        id: "V1",
        va: BigInt(one.start),
        pfn: -1,
        what: "a writer's range is another's, too",
      };
    }
  }
}

/**
 * Looks at everything that must hold of an address space. Exact while no agent works on it or on its tables.
 *
 * Sees the tables, whoever has changed them, but of caches, readers and writers only this agent's: T1 is about the processors that this
 * object was made on or activated on, also those that have another space now; V1 about readers and writers of the root, whichever `VmSpace`
 * of it has made them. What another agent has is in that one's own memory, and another `VmSpace` of the same root knows of its own
 * processors: where several have the space, each of them is to be asked.
 *
 * @returns what does not hold: empty where all is well
 * @throws {@link PageTableError} `invalid-argument`
 */
export function checkInvariants(space: VmSpace): VmViolation[] {
  checkObject("address space", space, "a VmSpace", "handleFault");
  return [...checkTable(space.table), ...translations(space), ...ranges(space)];
}
