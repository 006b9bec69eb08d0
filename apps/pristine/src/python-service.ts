/**
 * Python for the requests of one worker, made pristine in one of four ways: the one that is offered, and three to compare it with.
 *
 * @module
 */

import type { Driver } from "@memkit/mmap-region/driver";
import { type Choice, Pool } from "@memkit/mmap-region/snapshot";
import type { WorkerSettings } from "./protocol.js";
import { Interpreter, type InterpreterOptions, type Reply } from "./python/interpreter.js";

/** See the head of this module. */
export interface PythonService {
  /**
   * Runs a program. `settle`, which is to be called when the answer is on its way, makes the interpreter pristine; it says
   * whether it had to be thrown away instead.
   *
   * @throws {@link PristineError}
   */
  run(source: string, settle: Settle): Promise<Reply>;
  readonly choice: Choice | undefined;
  /** Interpreters that are ready. */
  readonly left: number;
  readonly resets: { readonly count: number; readonly microseconds: number };
}

/** Is given what makes the interpreter pristine, which says whether it was thrown away. */
type Settle = (finish: () => "reset" | "discarded") => void;

export async function pythonService(
  settings: WorkerSettings,
  driver: Driver | undefined,
): Promise<PythonService> {
  const { heapBytes, deadline, reset } = settings;
  const engine = reset === "copy" ? "copy" : "auto";
  const options = { snapshot: { driver, engine }, heapBytes, deadline } as const;
  if (reset === "none") return new Leaky(await Interpreter.create(options));
  if (reset === "new") return new Fresh(options);
  const service = new Pooled(options, settings.interpreters);
  await service.warm();
  return service;
}

/** Always the same key: the interpreter that served last has its pages in the caches, and others are there in case. */
const KEY = "python";

/** Interpreters that are put back to their images. */
class Pooled implements PythonService {
  readonly #pool: Pool<Interpreter>;
  readonly #interpreters: number;
  #choice: Choice | undefined;

  constructor(options: InterpreterOptions, interpreters: number) {
    this.#interpreters = interpreters;
    this.#pool = new Pool<Interpreter>({
      maximum: interpreters,
      create: async () => {
        const value = await Interpreter.create(options);
        const { image, target } = value;
        return { value, image, target, destroy: () => value.close() };
      },
    });
  }

  async warm(): Promise<void> {
    await this.#pool.warm(this.#interpreters);
    const lease = await this.#pool.checkout({ key: KEY });
    this.#see(lease.value);
    lease.release();
  }

  async run(source: string, settle: Settle): Promise<Reply> {
    const lease = await this.#pool.checkout({ key: KEY });
    const interpreter = lease.value;
    settle(() => {
      interpreter.resetFiles();
      const end = lease.release();
      if (end === "reset") this.#see(interpreter);
      return end;
    });
    try {
      return lease.run(() => interpreter.run(source));
    } catch (error) {
      lease.poison(); // whatever it is: it came out of the interpreter past Python
      throw error;
    }
  }

  #see({ image, memory }: Interpreter): void {
    this.#choice = image.choice(memory);
  }

  get choice(): Choice | undefined {
    return this.#choice;
  }

  get left(): number {
    return this.#pool.metrics.idle;
  }

  get resets(): PythonService["resets"] {
    const all = Object.values(this.#pool.metrics.resets);
    return {
      count: all.reduce((sum, { count }) => sum + count, 0),
      microseconds: all.reduce((sum, { microseconds }) => sum + microseconds, 0),
    };
  }
}

const NO_RESETS = { count: 0, microseconds: 0 } as const;

/** One interpreter for everybody, as it is. */
class Leaky implements PythonService {
  readonly choice = undefined;
  readonly left = 1;
  readonly resets = NO_RESETS;
  readonly #interpreter: Interpreter;

  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
  }

  async run(source: string, settle: Settle): Promise<Reply> {
    settle(() => "reset");
    return this.#interpreter.run(source);
  }
}

/** A new interpreter for each. */
class Fresh implements PythonService {
  readonly choice = undefined;
  readonly left = 1;
  readonly resets = NO_RESETS;
  readonly #options: InterpreterOptions;

  constructor(options: InterpreterOptions) {
    this.#options = options;
  }

  async run(source: string, settle: Settle): Promise<Reply> {
    const interpreter = await Interpreter.create(this.#options);
    settle(() => {
      interpreter.close();
      return "reset";
    });
    return interpreter.run(source);
  }
}
