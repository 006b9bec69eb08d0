/**
 * The convention for things that end: `drop()` ends them, `using` ends them too, and nothing works afterwards.
 *
 * CORE-17: the end happens once. A second `drop()` throws, for it is somebody else's handle by then; `[Symbol.dispose]()`
 * after a `drop()` does nothing, so that a handle may be dropped early inside the scope that would have ended it. An end
 * that throws has not happened.
 *
 * @module
 */

import { CoreError } from "./core-error.js";

/** Something that its holder must end. */
export interface Droppable {
  /** Whether it has ended. */
  readonly dropped: boolean;
  /**
   * Ends it.
   *
   * @throws {@link CoreError} `used-after-drop` the second time
   */
  drop(): void;
  /** Ends it unless it has ended: what `using` calls. */
  [Symbol.dispose](): void;
}

/**
 * A {@link Droppable} by inheritance; one field.
 *
 * @example
 * ```ts
 * import { CoreError, DropOnce } from "@memkit/core";
 *
 * class Door extends DropOnce {
 *   static open = 0;
 *   constructor() {
 *     super();
 *     Door.open += 1;
 *   }
 *   protected override onDrop(): void {
 *     Door.open -= 1;
 *   }
 *   knock(): string {
 *     this.assertLive("door");
 *     return "knock";
 *   }
 * }
 * const door = new Door();
 * door.knock(); // => "knock"
 * door.drop();
 * Door.open; // => 0
 * let error: unknown;
 * try {
 *   door.knock();
 * } catch (e) {
 *   error = e;
 * }
 * error instanceof CoreError && error.code; // => "used-after-drop"
 * ```
 */
export abstract class DropOnce implements Droppable {
  #dropped = false;

  get dropped(): boolean {
    return this.#dropped;
  }

  drop(): void {
    this.assertLive("handle");
    this.#dropped = true; // first: an `onDrop` that comes back here must not find it live
    try {
      this.onDrop();
    } catch (error) {
      this.#dropped = false;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    if (!this.#dropped) this.drop();
  }

  /** What ending means. If it throws it must have changed nothing: the handle then stays live. */
  protected abstract onDrop(): void;

  /**
   * To be called first by every method of a subclass.
   *
   * @param what - The thing's name, for the message
   * @throws {@link CoreError} `used-after-drop`
   */
  protected assertLive(what: string): void {
    if (this.#dropped) throw new CoreError({ code: "used-after-drop", what });
  }
}
