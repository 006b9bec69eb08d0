import wabt from "wabt";

/** What `run` throws. */
export function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** What `promise` rejects with. */
export async function rejectionOf(promise: unknown): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it resolved");
}

const tools = await wabt();

/** A module from its text. */
export function moduleOf(wat: string): WebAssembly.Module {
  const parsed = tools.parseWat("test.wat", wat, { exceptions: true });
  return new WebAssembly.Module(Uint8Array.from(parsed.toBinary({}).buffer));
}

/** Whether this host can suspend guests. Where it cannot, what needs it is tested for its refusal. */
export const JSPI: boolean = "Suspending" in WebAssembly;
