/**
 * Whose each memory, table and global is that a pool puts back.
 *
 * Invariant MR-48: nothing that a reset of one guest of a pool writes is another's. Who could break it: two pools, or a host that puts
 * a guest's memory back by itself.
 *
 * @module
 */

import { RegionError } from "../region-error.js";
import type { Parts } from "./instance-state.js";
import { nameOf } from "./memory-image.js";

/** An object that keeps state, and what a message calls it. */
type Named = readonly [state: object, what: string];

function statesOf({ memories, tables, globals }: Parts): Named[] {
  const others = { table: tables, global: globals };
  return [
    ...[...memories].map(([name, memory]): Named => [memory, nameOf(name)]),
    ...Object.entries(others).flatMap(([kind, each]) =>
      [...each].map(([name, state]): Named => [state, `${kind} ${JSON.stringify(name)}`]),
    ),
  ];
}

/** See the head of this module. */
export class PoolState {
  private readonly owned: Map<unknown, string> = new Map();

  /** @throws {@link RegionError} `state-shared` when another guest has some of it; then the new one has none */
  claim(parts: Parts): void {
    const states = statesOf(parts);
    for (const [state] of states) this.requireFree(state);
    for (const [state, what] of states) this.owned.set(state, what);
  }

  release(parts: Parts): void {
    for (const [state] of statesOf(parts)) this.owned.delete(state);
  }

  /**
   * Looks through imports before an instance is made with them: its data segments would be written to what another guest has.
   *
   * @throws {@link RegionError} `state-shared`; what the engine says of what is no module
   */
  requireFreeImports(module: object, imports: object | undefined): void {
    const given = imports as Record<string, Record<string, unknown> | undefined> | undefined;
    for (const { module: from, name } of WebAssembly.Module.imports(module as WebAssembly.Module)) {
      this.requireFree(given?.[from]?.[name]);
    }
  }

  private requireFree(state: unknown): void {
    const what = this.owned.get(state);
    if (what !== undefined) throw new RegionError({ code: "state-shared", what });
  }
}
