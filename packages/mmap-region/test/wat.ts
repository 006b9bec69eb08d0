import wabt from "wabt";

const assembler = await wabt();
/** The proposals that some of the tests' modules use; wabt wants them again when it validates. */
const FEATURES = { threads: true, memory64: true, multi_memory: true, exceptions: true } as const;

/** Assembles a module from its text. */
export function wat(text: string): Uint8Array<ArrayBuffer> {
  const module = assembler.parseWat("test.wat", text, FEATURES);
  try {
    return new Uint8Array(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}

/** Compiles the module in this realm; `imports` are the values of module "env". */
export function instantiate(
  bytes: Uint8Array<ArrayBuffer>,
  imports: WebAssembly.ModuleImports,
): Record<string, (...args: number[]) => number> {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: imports });
  return instance.exports as Record<string, (...args: number[]) => number>;
}

/** A guest that reads, writes and grows an imported memory. */
export const GUEST: Uint8Array<ArrayBuffer> = wat(`(module
  (import "env" "memory" (memory 0))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))`);
