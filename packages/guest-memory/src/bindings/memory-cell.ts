/**
 * The memory that bound functions work on. Imports are needed before there is an instance, and most instances bring their
 * memory along, so it may be found at the first call.
 *
 * @module
 */

import { GuestError } from "../error.js";
import { GuestMemory } from "../guest-memory.js";
import { isTrap } from "../is-trap.js";
import { printed } from "../printed.js";
import { fatal, hostThrew } from "./outcome.js";
import type { Plan } from "./signature.js";

/** A memory, or where to find it once the instance is there. */
export type MemoryOption = GuestMemory | (() => GuestMemory | undefined);

/** One set of imports' memory. Once found it stays. */
export class MemoryCell {
  memory: GuestMemory | undefined;
  readonly #find: () => GuestMemory | undefined;
  readonly #target: GuestMemory["target"];

  /** @throws {@link GuestError} `invalid-option` */
  constructor(option: MemoryOption, target: GuestMemory["target"]) {
    this.#target = target;
    this.memory = undefined;
    if (typeof option === "function") {
      this.#find = option;
    } else {
      this.#find = () => option;
      this.memory = this.#demand(option);
    }
  }

  /**
   * The memory, looked for if it is not known yet.
   *
   * @throws {@link GuestError} `missing-memory`, `invalid-option`
   */
  find(plan: Plan): GuestMemory {
    const found = this.#ask(plan);
    if (found === undefined) throw fatal("missing-memory", plan, "missing required memory export");
    this.memory = this.#demand(found);
    return this.memory;
  }

  /** What the host's function answers. What it throws, also of our own errors, is nothing that the guest did. */
  #ask(plan: Plan): GuestMemory | undefined {
    try {
      return this.#find();
    } catch (thrown) {
      throw isTrap(thrown) ? thrown : hostThrew(plan, thrown);
    }
  }

  #demand(memory: unknown): GuestMemory {
    if (memory instanceof GuestMemory && memory.target === this.#target) return memory;
    const got = memory instanceof GuestMemory ? `a memory of ${memory.target}` : printed(memory);
    throw new GuestError({ code: "invalid-option", option: `memory (${this.#target})`, got });
  }
}
