/**
 * What Linux says of the process's mappings, for the {@link MapBudget}.
 *
 * @see `man 5 proc`: `/proc/self/maps`, `/proc/self/statm`, `/proc/self/limits`, `/proc/sys/vm/max_map_count`
 *
 * @module
 */

import { sharedRegistry } from "@memkit/core";
import { MapBudget, type MapUsage } from "./map-budget.js";
import { nodeBuiltin } from "./node-builtin.js";

/** `DEFAULT_MAX_MAP_COUNT` of `include/linux/mm.h`: what holds where the file may not be read. */
const DEFAULT_MAX_MAP_COUNT = 65530;

/** Addresses of a process on x64 with four levels of page tables; `mmap` without a hint never goes beyond. */
const USER_SPACE = 2 ** 47;

/** The file, or undefined where it may not be read (`--permission`) or is not there. */
function readProc(path: string): Uint8Array | undefined {
  try {
    return nodeBuiltin("node:fs")?.readFileSync(path);
  } catch {
    return undefined; // then the defaults hold: a driver without /proc is still a driver
  }
}

const text = (path: string): string => new TextDecoder().decode(readProc(path));

function linesOf(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) lines += 1;
  return lines;
}

/** Mappings and bytes of address space of this process, all threads and libraries together. */
function measureProcess(pageSize: number): MapUsage | undefined {
  const maps = readProc("/proc/self/maps");
  const pages = Number.parseInt(text("/proc/self/statm"), 10);
  if (maps === undefined || Number.isNaN(pages)) return undefined;
  return { mappings: linesOf(maps), bytes: pages * pageSize };
}

/** The budget of this process: one for all drivers of the realm. */
export function processBudget(pageSize: number): MapBudget {
  return sharedRegistry("@memkit/mmap-region/v1", () => ({ budget: makeBudget(pageSize) })).budget;
}

function makeBudget(pageSize: number): MapBudget {
  const mappings = Number.parseInt(text("/proc/sys/vm/max_map_count"), 10);
  const soft = /^Max address space +(\d+)/m.exec(text("/proc/self/limits"))?.[1];
  return new MapBudget(
    {
      mappings: Number.isNaN(mappings) ? DEFAULT_MAX_MAP_COUNT : mappings,
      bytes: soft === undefined ? USER_SPACE : Math.min(Number(soft), USER_SPACE),
    },
    () => measureProcess(pageSize),
  );
}
