import { GuestError } from "@memkit/guest-memory";
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

/** A module's bytes from its text. */
export function assembled(wat: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(tools.parseWat("test.wat", wat, { exceptions: true }).toBinary({}).buffer);
}

/** A module from its text. */
export function moduleOf(wat: string): WebAssembly.Module {
  return new WebAssembly.Module(assembled(wat));
}

/** Whether this host can suspend guests. Where it cannot, what needs it is tested for its refusal. */
export const JSPI: boolean = "Suspending" in WebAssembly;

/** An error of the guest's, with whatever its code asks for. */
export const fault = (code: GuestError["code"]): GuestError => {
  const region = { start: 0, len: 4 };
  const conflict = { region, kind: "mut" };
  const numbers = {
    got: 1,
    unknown: 1,
    ptr: 0,
    count: 1,
    size: 4,
    align: 4,
    byteLength: 1,
    status: 1,
  };
  return new GuestError({ code, region, conflict, path: "", type: "t", ...numbers } as never);
};
