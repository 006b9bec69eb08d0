/**
 * Node's own modules without importing them: a browser's bundler never sees their names as imports.
 *
 * @see Node.js API, `process.getBuiltinModule(id)`, since 20.16 and 22.3
 *
 * @module
 */

/** What this package uses of them. */
interface Builtins {
  "node:fs": {
    readFileSync(path: string): Uint8Array;
    openSync(path: string, flags?: string): number;
    closeSync(fd: number): void;
    /** To a descriptor it writes on from where it is. */
    writeFileSync(fd: number, bytes: Uint8Array): void;
    renameSync(from: string, to: string): void;
    unlinkSync(path: string): void;
    readSync(
      fd: number,
      into: ArrayBufferView,
      offset: number,
      length: number,
      position: number,
    ): number;
  };
  "node:zlib": {
    /** Goes on from the sum of the bytes before. Since 20.15 and 22.2. */
    crc32(bytes: Uint8Array, before?: number): number;
  };
  "node:buffer": { readonly constants: { readonly MAX_LENGTH: number } };
  "node:v8": { setFlagsFromString(flags: string): void };
  "node:vm": { runInNewContext(code: string): unknown };
}

interface NodeProcess {
  readonly platform: string;
  readonly arch: string;
  readonly pid: number;
  readonly versions: Readonly<Record<string, string | undefined>>;
  getBuiltinModule?(id: string): unknown;
}

/** The process, where there is one. */
export function nodeProcess(): NodeProcess | undefined {
  return (globalThis as { process?: NodeProcess }).process;
}

/** One of Node's modules, or undefined where there is no Node or none of that name. */
export function nodeBuiltin<K extends keyof Builtins>(id: K): Builtins[K] | undefined;
export function nodeBuiltin(id: string): unknown;
export function nodeBuiltin(id: string): unknown {
  return nodeProcess()?.getBuiltinModule?.(id);
}
