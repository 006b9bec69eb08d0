/**
 * A WASI command: its wasm, rewritten so that it takes its memory from a region, and one run of it.
 *
 *     bytes -> Program.compile -> instantiate: a slot, a GuestMemory over it, a host, an instance -> run -> close
 *
 * A module that defines its own memory is turned into one that imports it (`adoptMemory`), so that the memory is a slot
 * with the region's limits: the guest cannot grow beyond them, whatever its file says.
 *
 * @module
 */

import { GuestError, GuestMemory } from "@memkit/guest-memory";
import { type BorrowedMemory, wrapInstance } from "@memkit/guest-memory/instance";
import {
  adoptMemory,
  heapSpecOf,
  type ImportedMemory,
  type WasmRegion,
  type WasmSlot,
} from "@memkit/mmap-region";
import { type HostOptions, MODULE_NAME, WasiHost } from "./host.js";
import { WasiError } from "./wasi-error.js";

/** The name that an adopted memory is imported by. No guest sees it. */
const ADOPTED = { module: "memkit", name: "memory" } as const;

/** What a command exports. */
interface Command {
  _start(): void;
}

/** A compiled command. */
export class Program {
  readonly #module: WebAssembly.Module;
  readonly #memory: ImportedMemory;

  private constructor(module: WebAssembly.Module, memory: ImportedMemory) {
    this.#module = module;
    this.#memory = memory;
  }

  /**
   * @param maxPages - lowers the most memory that the module asks for to so many pages of 64 KiB
   * @throws {@link RegionError} as `adoptMemory`; {@link WasiError} `not-a-command`; `WebAssembly.CompileError`
   */
  static compile(bytes: Uint8Array<ArrayBuffer>, maxPages?: number): Program {
    const adopted = adoptMemory(bytes, { ...ADOPTED, maxPages });
    const module = new WebAssembly.Module(adopted.bytes);
    const starts = WebAssembly.Module.exports(module).some(
      ({ name, kind }) => name === "_start" && kind === "function",
    );
    if (!starts) throw new WasiError({ code: "not-a-command", reason: "it exports no _start" });
    return new Program(module, adopted.memory);
  }

  /** The functions of preview1 that it imports. */
  get imports(): readonly string[] {
    return WebAssembly.Module.imports(this.#module)
      .filter(({ module, kind }) => module === MODULE_NAME && kind === "function")
      .map(({ name }) => name);
  }

  /**
   * Gives the command a slot of `region` and all that `options` grant.
   *
   * @throws {@link RegionError} when the slot does not fit the memory; {@link WasiError}, among them `not-a-command` for
   * imports that are not preview1's; {@link GuestError} for what a start function did, `exit` included. Nothing is left
   * open then.
   */
  instantiate(region: WasmRegion, options: HostOptions = {}): Guest {
    const slot = region.newInstance({ heap: heapSpecOf(this.#memory) });
    let host: WasiHost | undefined;
    try {
      const memory = new GuestMemory(slot.heap);
      host = new WasiHost(memory, options);
      const instance = this.#link(slot, host, memory);
      return new Guest(instance, memory, slot, host);
    } catch (error) {
      host?.close();
      slot.drop();
      throw error;
    }
  }

  /** A start function runs in here, so this is an entry into the guest like any other. */
  #link(slot: WasmSlot, host: WasiHost, memory: BorrowedMemory): WebAssembly.Instance {
    const { module, name } = this.#memory;
    const imports = {
      [module]: { [name]: slot.memory as WebAssembly.Memory },
      [MODULE_NAME]: host.imports,
    };
    const start = () => new WebAssembly.Instance(this.#module, imports);
    try {
      return wrapInstance<{ start: typeof start }>({ exports: { start } }, { memory }).start();
    } catch (error) {
      // A missing module is a TypeError to the engine, a missing function a LinkError.
      if (!(error instanceof WebAssembly.LinkError || error instanceof TypeError)) throw error;
      const reason = `it cannot be linked with preview1 alone (${error.message})`;
      throw new WasiError({ code: "not-a-command", reason }, { cause: error });
    }
  }
}

/** One instance of a command, to be run once. */
export class Guest {
  /** The guest's memory, checked. */
  readonly memory: GuestMemory;
  /** Where it lives. */
  readonly slot: WasmSlot;
  readonly host: WasiHost;
  readonly #command: Command;

  constructor(
    instance: WebAssembly.Instance,
    memory: GuestMemory & BorrowedMemory,
    slot: WasmSlot,
    host: WasiHost,
  ) {
    this.memory = memory;
    this.slot = slot;
    this.host = host;
    this.#command = wrapInstance<Command & object>(instance, { memory });
  }

  /**
   * Runs `_start` to its end.
   *
   * @returns the status given to `proc_exit`; 0 when `_start` returned
   * @throws {@link GuestError} for what the guest did: a bad pointer, a trap of its own; `host-threw` for what the host
   * did; `poisoned` when it had ended
   */
  run(): number {
    try {
      this.#command._start();
      return 0;
    } catch (error) {
      if (error instanceof GuestError && error.code === "exit") return error.status;
      throw error;
    }
  }

  /** Closes the guest's descriptors and gives its slot back. */
  close(): void {
    try {
      this.host.close();
    } finally {
      this.slot.drop();
    }
  }
}
