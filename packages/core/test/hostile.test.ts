import {
  alignUp,
  bufferOf,
  CoreError,
  hiWord,
  Ledger,
  MemkitError,
  PAGE_SIZE,
  type Pfn,
  PhysicalMemory,
  pageShift,
  pagesTouched,
  u32,
  VmReader,
  VmWriter,
} from "@memkit/core";
import { describe, expect, it } from "vitest";

/** The code of the CoreError that `run` throws; any other error fails the test. */
function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof CoreError) return error.code;
    throw error;
  }
  return undefined;
}

describe("numbers that are none", () => {
  it.each(["5", "abc", null, undefined, {}, Symbol("s")])("pagesTouched(0, %o)", (len) => {
    expect(codeOf(() => pagesTouched(0, len as number))).toBe("address-out-of-range");
  });
  it.each([Object.create(null), Symbol("s"), {}])("errors print %o", (value) => {
    expect(codeOf(() => pageShift(value))).toBe("invalid-level");
    expect(codeOf(() => alignUp(0, value))).toBe("not-a-power-of-two");
    expect(codeOf(() => hiWord(value))).toBe("address-out-of-range");
  });
  it("minus zero is zero", () => {
    expect([hiWord(-0), alignUp(-0, 8)]).toEqual([0, 0]);
  });
  it.each([1n, "0", null])("a range that starts at %o", (start) => {
    expect(codeOf(() => new VmReader(new Uint8Array(8), start as unknown as number))).toBe(
      "out-of-bounds",
    );
  });
  it.each([1n, "0", null])("a range of length %o", (len) => {
    expect(codeOf(() => new VmReader(new Uint8Array(8), 0, len as unknown as number))).toBe(
      "out-of-bounds",
    );
  });
});

describe("sources that fight back", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const tagged = {
    get [Symbol.toStringTag]() {
      throw new Error("no tag");
    },
  };
  it.each([
    ["a revoked proxy", proxy],
    ["a tag that throws", tagged],
  ])("%s for a buffer", (_, buffer) => {
    expect(codeOf(() => bufferOf({ buffer: buffer as ArrayBuffer }))).toBe("invalid-source");
  });
});

describe("PhysicalMemory", () => {
  const source = { buffer: new ArrayBuffer(4 * PAGE_SIZE) };
  it.each(["8", null, 8n, [8]])("a byteOffset of %o", (byteOffset) => {
    const bank = { firstPfn: 0, frames: 1, source, byteOffset: byteOffset as unknown as number };
    expect(codeOf(() => new PhysicalMemory([bank]))).toBe("not-aligned");
  });
  it("asks a bank once what it is", () => {
    let asked = 0;
    const bank = {
      get firstPfn() {
        return asked++ === 0 ? 0 : -5;
      },
      frames: 1,
      source,
      byteOffset: 0,
    };
    expect(new PhysicalMemory([bank]).banks[0]?.firstPfn).toBe(0);
  });
  it.each(["0", 0n, 0.5, Number.NaN])("has no frame %o", (pfn) => {
    const memory = new PhysicalMemory(source);
    expect(memory.kindOf(pfn as Pfn)).toBe("none");
    expect(memory.bankIndexAt(pfn as number)).toBe(-1);
  });
});

describe("code that runs between check and access", () => {
  it("growth while a value is encoded", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
    const growing = {
      ...{ name: "growing", size: 4, read: u32.read.bind(u32) },
      write: (dv: DataView, at: number, value: number) => {
        memory.grow(1);
        u32.write(dv, at, value);
      },
    };
    new VmWriter(memory).writeOnce(growing, 7);
    expect(new VmReader(memory).readVal(u32)).toBe(7);
    expect(new VmWriter(memory).cmpxchg(new VmReader(memory), growing, 7, 8).exchanged).toBe(true);
    expect(new VmReader(memory).readVal(u32)).toBe(8);
  });
});

describe("a stack that is no text", () => {
  it("acquires all or nothing", () => {
    const { prepareStackTrace } = Error;
    const ledger = new Ledger({ stacks: true });
    try {
      Error.prepareStackTrace = () => {
        throw new RangeError("no stack today");
      };
      expect(() => ledger.acquire("frame", 1)).toThrow("no stack today");
      expect(ledger.size).toBe(0);
      Error.prepareStackTrace = (_, sites) => sites;
      ledger.acquire("frame", 1);
    } finally {
      Error.prepareStackTrace = prepareStackTrace;
    }
    expect(ledger.report()).toMatchObject([{ kind: "frame", id: 1, count: 1 }]);
  });
});

it("a class of one's own is not every memkit error", () => {
  class Mine extends MemkitError {
    constructor() {
      super("mine", { code: "mine" });
    }
  }
  const theirs = new CoreError({ code: "source-detached" });
  expect([theirs instanceof Mine, new Mine() instanceof Mine]).toEqual([false, true]);
  expect(new Mine()).toBeInstanceOf(MemkitError);
});
