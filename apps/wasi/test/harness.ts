/**
 * A guest that does one host call when it is told to: the way to pass any argument to any function from inside wasm.
 *
 * The module is generated from the table of functions, defines its memory and is adopted like any other program, so
 * that its memory is a slot of a region and every pointer takes the whole way.
 */

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { GuestMemory } from "@memkit/guest-memory";
import type { WasmType } from "@memkit/guest-memory/bindings";
import { wrapInstance } from "@memkit/guest-memory/instance";
import { adoptMemory, heapSpecOf, WASM_PAGE_SIZE, WasmRegion } from "@memkit/mmap-region";
import { onTestFinished } from "vitest";
import wabt from "wabt";
import { ERRNO_NAMES, type ErrnoName } from "../src/errno.js";
import { FUNCTIONS } from "../src/functions.js";
import { type HostOptions, MODULE_NAME, preview1, WasiHost } from "../src/host.js";
import { INHERITABLE_RIGHTS, Right } from "../src/rights.js";

/** The wasm types of a function's parameters. */
function wasmTypes(name: string): readonly WasmType[] {
  const signature = preview1.signatures[name];
  if (signature === undefined) throw new Error(`no function ${name}`);
  return signature.params;
}

const result = (name: string): string => (name === "proc_exit" ? "" : "(result i32)");

/** `extra` is put into the module behind the imports; `$name` is each import. */
export function watFor(extra = ""): string {
  const imports = FUNCTIONS.map(({ name }) => {
    const types = wasmTypes(name).join(" ");
    return `(import "${MODULE_NAME}" "${name}" (func $${name} (param ${types}) ${result(name)}))`;
  });
  const exports = FUNCTIONS.map(({ name }) => {
    const types = wasmTypes(name);
    const gets = types.map((_, i) => `(local.get ${i})`).join(" ");
    return `(func (export "${name}") (param ${types.join(" ")}) ${result(name)} (call $${name} ${gets}))`;
  });
  return `(module ${imports.join("\n")} (memory (export "memory") 1 16) ${exports.join("\n")} ${extra})`;
}

const assembler = await wabt();

/** Assembles text and makes it import its memory. */
export function assemble(wat: string): {
  module: WebAssembly.Module;
  bytes: Uint8Array<ArrayBuffer>;
} {
  const parsed = assembler.parseWat("test.wat", wat, { exceptions: true });
  const bytes = new Uint8Array(parsed.toBinary({}).buffer);
  parsed.destroy();
  const adopted = adoptMemory(bytes, { module: "memkit", name: "memory" });
  return { module: new WebAssembly.Module(adopted.bytes), bytes };
}

const plain = assemble(watFor()).module;

/** What a raw call can be given and can give. */
type Raw = (...args: (number | bigint)[]) => number;

export interface TestGuest {
  /** Calls a function, or an export of the module's own, from inside the guest; the errno by name. */
  call(name: string, ...args: (number | bigint)[]): ErrnoName | number;
  /** The whole memory, as it is now. */
  bytes(): Uint8Array;
  dv(): DataView;
  /** Puts text at an address and returns its length in bytes. */
  put(at: number, text: string | Uint8Array): number;
  /** Puts a table of (address, length) pairs at an address and returns how many. */
  vectors(at: number, ...pairs: readonly (readonly [number, number])[]): number;
  readonly host: WasiHost;
  readonly memory: GuestMemory;
  /** Adds pages to the guest's memory from the host's side. */
  grow(pages: number): void;
}

export interface TestOptions extends HostOptions {
  readonly module?: WebAssembly.Module;
}

/** Everything a directory can hand down. */
export const ALL = BigInt(INHERITABLE_RIGHTS);
export const READ_WRITE = BigInt(Right.fd_read | Right.fd_write | Right.fd_seek | Right.fd_tell);

const region = WasmRegion.create(4096, { heapMemorySize: 16 * WASM_PAGE_SIZE });

/** A guest of one page, closed when the test ends. */
export function makeGuest(options: TestOptions = {}): TestGuest {
  const module = options.module ?? plain;
  const type = { initialPages: 1, maximumPages: 16, shared: false, memory64: false };
  const slot = region.newInstance({ heap: heapSpecOf(type) });
  const memory = new GuestMemory(slot.heap);
  const nothing = {
    stdin: () => new Uint8Array(),
    stdout: () => undefined,
    stderr: () => undefined,
  };
  const host = new WasiHost(memory, { ...nothing, ...options });
  onTestFinished(() => {
    host.close();
    slot.drop();
  });
  const instance = new WebAssembly.Instance(module, {
    memkit: { memory: slot.memory as WebAssembly.Memory },
    [MODULE_NAME]: host.imports,
  });
  const exports = wrapInstance<Record<string, Raw>>(instance, { memory });
  const bytes = (): Uint8Array => new Uint8Array(slot.heap.buffer);
  return {
    call(name, ...args) {
      const fn = exports[name];
      if (fn === undefined) throw new Error(`no export ${name}`);
      const errno = fn(...args);
      return name in host.imports ? (ERRNO_NAMES[errno] ?? errno) : errno;
    },
    bytes,
    dv: () => new DataView(slot.heap.buffer),
    put(at, text) {
      const data = typeof text === "string" ? new TextEncoder().encode(text) : text;
      bytes().set(data, at);
      return data.length;
    },
    vectors(at, ...pairs) {
      const dv = new DataView(slot.heap.buffer);
      for (const [i, [buf, len]] of pairs.entries()) {
        dv.setUint32(at + 8 * i, buf, true);
        dv.setUint32(at + 8 * i + 4, len, true);
      }
      return pairs.length;
    },
    host,
    memory,
    grow: (pages) => void slot.expandHeap(pages * WASM_PAGE_SIZE),
  };
}

/** A new directory, removed when the test ends. */
export function temporaryDirectory(): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "memkit-wasi-test-"));
  onTestFinished(() => fs.rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Addresses that {@link open} uses; keep out of them. */
const SCRATCH = 0xf000;

/** What `path_open` is asked for. */
export interface OpenRequest {
  readonly dir?: number;
  readonly follow?: boolean;
  readonly oflags?: number;
  readonly rights?: bigint;
  readonly inheriting?: bigint;
  readonly fdflags?: number;
}

/** Opens a path below descriptor 3; a number is the descriptor, a name the errno. */
export function open(
  guest: TestGuest,
  name: string,
  request: OpenRequest = {},
): number | ErrnoName {
  const length = guest.put(SCRATCH, name);
  const errno = guest.call(
    "path_open",
    request.dir ?? 3,
    request.follow === true ? 1 : 0,
    SCRATCH,
    length,
    request.oflags ?? 0,
    request.rights ?? READ_WRITE,
    request.inheriting ?? 0n,
    request.fdflags ?? 0,
    SCRATCH - 8,
  );
  if (errno !== "ESUCCESS") return errno as ErrnoName;
  return guest.dv().getUint32(SCRATCH - 8, true);
}

/** Opens like {@link open}, and fails the test if that fails. */
export function mustOpen(guest: TestGuest, name: string, request: OpenRequest = {}): number {
  const fd = open(guest, name, request);
  if (typeof fd !== "number") throw new Error(`path_open ${name}: ${fd}`);
  return fd;
}

/** Does a call on one path below descriptor 3. */
export function onPath(guest: TestGuest, call: string, name: string, dir = 3): ErrnoName | number {
  const length = guest.put(SCRATCH, name);
  return guest.call(call, dir, SCRATCH, length);
}

/** Does a call on two paths below descriptor 3: rename, link (with no flags), symlink. */
export function onPaths(guest: TestGuest, call: string, a: string, b: string): ErrnoName | number {
  const [la, lb] = [guest.put(SCRATCH, a), guest.put(SCRATCH + 0x400, b)];
  const second = SCRATCH + 0x400;
  switch (call) {
    case "path_rename":
      return guest.call(call, 3, SCRATCH, la, 3, second, lb);
    case "path_link":
      return guest.call(call, 3, 0, SCRATCH, la, 3, second, lb);
    default:
      return guest.call(call, SCRATCH, la, 3, second, lb);
  }
}

/** Stats a path below descriptor 3 into `at`. */
export function stat(
  guest: TestGuest,
  name: string,
  at: number,
  follow = false,
): ErrnoName | number {
  const length = guest.put(SCRATCH, name);
  return guest.call("path_filestat_get", 3, follow ? 1 : 0, SCRATCH, length, at);
}
