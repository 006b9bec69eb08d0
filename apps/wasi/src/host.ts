/**
 * One guest's side of preview1: its memory, its descriptors, its arguments, and the imports that act on them.
 *
 * @module
 */

import type { GuestMemory } from "@memkit/guest-memory";
import {
  type Bindings,
  bindings,
  type FunctionSpecs,
  failure,
  type HostFunctions,
  type RawFunction,
} from "@memkit/guest-memory/bindings";
import type { Context } from "./context.js";
import { OpenDir, Stream, type StreamSink, type StreamSource } from "./descriptor.js";
import { bestSandboxMode, type DirHandle, openHostDir, type SandboxMode } from "./dir-handle.js";
import { Errno } from "./errno.js";
import { FdTable } from "./fd-table.js";
import { FUNCTIONS } from "./functions.js";
import type { GuestAccess } from "./guest-access.js";
import type { HostFunction } from "./host-function.js";
import { answer } from "./outcome.js";
import {
  DIRECTORY_RIGHTS,
  INHERITABLE_RIGHTS,
  READ_STREAM_RIGHTS,
  WRITE_STREAM_RIGHTS,
} from "./rights.js";
import { standardError, standardInput, standardOutput } from "./standard-streams.js";
import { WasiError } from "./wasi-error.js";

/** A directory that a guest gets at its start. */
export interface Preopen {
  /** Where it is on the host. */
  readonly host: string;
  /** What the guest calls it. */
  readonly guest: string;
}

/** What a guest is given. Nothing that is not listed here is reachable for it. */
export interface HostOptions {
  /** The arguments, the program's name first. Default: none. */
  readonly args?: readonly string[];
  /** The environment. Default: empty; the host's own is never handed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Directories, which become descriptors 3, 4 and so on. */
  readonly preopens?: readonly Preopen[];
  /** Descriptor 0. Default: the host's standard input. */
  readonly stdin?: StreamSource;
  /** Descriptor 1. Default: the host's standard output. */
  readonly stdout?: StreamSink;
  /** Descriptor 2. Default: the host's standard error. */
  readonly stderr?: StreamSink;
  /** How directories are held. Default: the best that the system can do. */
  readonly sandbox?: SandboxMode;
  /** What the host calls shall work on, if not on the guest's `GuestMemory` itself. */
  readonly access?: (memory: GuestMemory) => GuestAccess;
  /** Told the name of every call before it runs. */
  readonly onCall?: (name: string) => void;
}

/** The functions that a guest imports, by name. They take and return what wasm passes. */
export type Imports = Readonly<Record<string, RawFunction>>;

/** The module name of preview1. */
export const MODULE_NAME = "wasi_snapshot_preview1";

const utf8 = new TextEncoder();

function terminated(what: string, text: string): Uint8Array {
  // A lone surrogate would become U+FFFD in UTF-8: another string than was given.
  if (text.includes("\0") || !text.isWellFormed()) {
    throw new WasiError({ code: "invalid-string", what, value: text });
  }
  return utf8.encode(`${text}\0`);
}

function environment(env: Readonly<Record<string, string>>): Uint8Array[] {
  return Object.entries(env).map(([name, value]) => {
    if (name === "" || name.includes("=")) {
      throw new WasiError({ code: "invalid-string", what: "the variable", value: name });
    }
    return terminated("the variable", `${name}=${value}`);
  });
}

function openPreopen({ host, guest }: Preopen, mode: SandboxMode): DirHandle {
  try {
    return openHostDir(host, mode);
  } catch (cause) {
    throw new WasiError({ code: "preopen-failed", host, guest }, { cause });
  }
}

function descriptors(options: HostOptions): FdTable {
  const fds = new FdTable();
  fds.insert(new Stream(READ_STREAM_RIGHTS, { source: options.stdin ?? standardInput }));
  fds.insert(new Stream(WRITE_STREAM_RIGHTS, { sink: options.stdout ?? standardOutput }));
  fds.insert(new Stream(WRITE_STREAM_RIGHTS, { sink: options.stderr ?? standardError }));
  const preopens = options.preopens ?? [];
  if (preopens.length === 0) return fds;
  const mode = options.sandbox ?? bestSandboxMode();
  if (mode === undefined) throw new WasiError({ code: "no-sandbox", platform: process.platform });
  const rights = { base: DIRECTORY_RIGHTS, inheriting: INHERITABLE_RIGHTS };
  try {
    for (const preopen of preopens) {
      terminated("the directory", preopen.guest);
      fds.insert(new OpenDir(openPreopen(preopen, mode), rights, utf8.encode(preopen.guest)));
    }
  } catch (error) {
    fds.closeAll();
    throw error;
  }
  return fds;
}

/** Preview1, described by its table. */
export const preview1: Bindings<typeof MODULE_NAME> = bindings({
  module: MODULE_NAME,
  functions: Object.fromEntries(
    FUNCTIONS.map(({ name, params }) => [
      name,
      // The one function of preview1 without a result; guests declare it so, and are linked only with its type.
      name === "proc_exit" ? { params, noreturn: true } : { params, error: answer },
    ]),
  ),
});

/** What runs for a function. */
function implementation(
  { name, call }: HostFunction,
  context: Context,
  onCall: (name: string) => void,
): HostFunctions<FunctionSpecs>[string] {
  return (...args) => {
    onCall(name);
    return call === undefined ? failure(Errno.ENOSYS) : call(context, ...args);
  };
}

/** The host of one guest. */
export class WasiHost {
  readonly #context: Context;
  /** What to import as {@link MODULE_NAME}. */
  readonly imports: Imports;

  /** @throws {@link WasiError} `invalid-string`, `preopen-failed`, `no-sandbox` */
  constructor(memory: GuestMemory, options: HostOptions = {}) {
    const args = (options.args ?? []).map((arg) => terminated("the argument", arg));
    const environ = environment(options.env ?? {});
    const access = options.access?.(memory) ?? memory;
    const context: Context = { memory: access, fds: descriptors(options), args, environ };
    const onCall = options.onCall ?? (() => undefined);
    this.#context = context;
    const functions = Object.fromEntries(
      FUNCTIONS.map((fn) => [fn.name, implementation(fn, context, onCall)] as const),
    );
    this.imports = preview1.imports({ memory, functions })[MODULE_NAME];
  }

  /** How many descriptors the guest has open. */
  get openDescriptors(): number {
    return this.#context.fds.size;
  }

  /** Closes everything that the guest left open. */
  close(): void {
    this.#context.fds.closeAll();
  }
}
