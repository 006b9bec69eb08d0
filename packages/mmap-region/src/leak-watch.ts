/**
 * Notices slots that were lost: whoever held one let it go without `drop()`, so that it stays in use for ever.
 *
 * It only warns, once for each region, when the next slot is asked for: a region that is let go with all its slots is no
 * leak. The memory of a lost slot cannot be taken back, for views of it may live on without the slot.
 *
 * @module
 */

interface Registration {
  readonly watch: WeakRef<LeakWatch>;
  readonly index: number;
}

let registry: FinalizationRegistry<Registration> | undefined;

/** The slots of one region. Kept alive by the region and its slots, and by nothing else. */
export class LeakWatch {
  readonly #self: WeakRef<LeakWatch> = new WeakRef(this);
  /** The first slot that was lost. */
  #lost: number | undefined;
  #warned = false;

  /** Watches a slot until it is forgotten. */
  register(slot: object, index: number): void {
    registry ??= new FinalizationRegistry(({ watch, index }) => {
      const region = watch.deref();
      if (region !== undefined) region.#lost ??= index;
    });
    registry.register(slot, { watch: this.#self, index }, slot);
  }

  /** The slot was dropped as it should be. */
  forget(slot: object): void {
    registry?.unregister(slot);
  }

  /** Where there is a process, its warnings can be silenced, traced or made fatal; a browser has its console. */
  warn(): void {
    if (this.#lost === undefined || this.#warned) return;
    this.#warned = true;
    const message =
      `slot ${this.#lost} of a region was garbage collected without drop(): ` +
      "it stays in use for as long as the region lives";
    const host = globalThis as {
      process?: { emitWarning?(message: string, type: string): void };
    };
    if (host.process?.emitWarning === undefined) console.warn(message);
    else host.process?.emitWarning(message, "MemkitLeakWarning");
  }
}
