/**
 * `checkInvariants` of an address space: its table's, and what the caches and the readers and writers add.
 *
 * | id | PT    | what                                                                                     |
 * |----|-------|------------------------------------------------------------------------------------------|
 * | T1 | PT-12 | a cache of the space's processor grants nothing that a new walk would refuse              |
 * | V1 | PT-43 | a writer's range is in no other reader's or writer's                                     |
 *
 * @see vostd `vm_space.rs`, `tlb.rs`
 * @module
 */

import { checkObject } from "../argument.js";
import { checkInvariants as checkTable, type TableInvariant } from "../table/check.js";
import { joinVa } from "../virtual-address.js";
import { Walker } from "../walk/walker.js";
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

function* translations({ table, cpu, asid }: VmSpace): Generator<VmViolation> {
  const { format, frames } = cpu;
  const root = table.rootPfn;
  const walker = new Walker({
    format,
    memory: frames.memory,
    root,
    settings: { accessedDirty: "ignore" },
  });
  for (const entry of cpu.tlb.entries()) {
    if (entry.asid !== asid) continue;
    const { hi, lo, pfn, rights } = entry;
    const found = walker.walk(hi, lo) > 0 && walker.pfn === pfn;
    if (found && (walker.rights & rights) === rights) continue;
    const what = found ? "a cache grants what the tables do not" : "a cache leads elsewhere";
    yield { id: "T1", va: joinVa(hi, lo), pfn, what };
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
 * Looks at everything that must hold of an address space. Exact while no cursor is open on it.
 *
 * @returns what does not hold: empty where all is well
 * @throws {@link PageTableError} `invalid-argument`
 */
export function checkInvariants(space: VmSpace): VmViolation[] {
  checkObject("address space", space, "a VmSpace", "handleFault");
  return [...checkTable(space.table), ...translations(space), ...ranges(space)];
}
