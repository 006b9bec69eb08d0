/** Instances: lucet's states, on functions of JavaScript in both backends and on wasm guests. */

import { describe, expect, test } from "vitest";
import { FakeDriver } from "../src/fake-driver.js";
import { linear, type Region, type Slot, WasmRegion } from "../src/index.js";
import { inspect } from "../src/inspect.js";
import {
  globalOf,
  type Instance,
  Module,
  newInstanceBuilder,
  type WasmImports,
  WasmModule,
} from "../src/instance.js";
import { MmapRegion, type MmapSlot } from "../src/mmap.js";
import { backends, bytesOf } from "./contract/backends.js";
import { refusal } from "./expect-error.js";
import { wat } from "./wat.js";

const PAGE = 65536;
const HEAP = { initialSize: PAGE, maxSize: 3 * PAGE };

class Name {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
class Longer extends Name {}

describe.each(backends)("functions of JavaScript on %s", (_name, create) => {
  const parts = {
    heap: HEAP,
    data: [{ offset: 3, bytes: new Uint8Array([7]) }],
    functions: {
      add: (_: Instance<Slot>, a: number, b: number) => a + b,
      store: ({ slot }: Instance<Slot>, at: number, byte: number) => {
        bytesOf(slot)[at] = byte;
      },
      overflow: () => deeper(0),
      fail: () => {
        throw new RangeError("mine");
      },
      later: async () => 1,
    },
  };
  const build = (module = new Module(parts), region: Region<Slot> = create(1)): Instance<Slot> =>
    newInstanceBuilder(region, module).build();

  test.each<[string, () => unknown]>([
    [
      "a result whose then throws",
      () =>
        // biome-ignore lint/suspicious/noThenProperty: what a guest may return to be mistaken for a promise
        Object.defineProperty({}, "then", {
          get() {
            throw new Error("mine");
          },
        }),
    ],
    [
      "an error whose name throws",
      () => {
        throw Object.defineProperty(new Error("mine"), "name", {
          get() {
            throw new Error("asked");
          },
        });
      },
    ],
    [
      "a Proxy that throws whatever is asked",
      () => {
        const getPrototypeOf = (): never => {
          throw new Error("asked");
        };
        throw new Proxy(new Error("mine"), { getPrototypeOf });
      },
    ],
  ])("%s ends the run, and the slot can be given back", (_what, guest) => {
    const region = create(1);
    const instance = build(new Module(parts), region);
    refusal(() => instance.run(guest), "runtime-terminated");
    expect(instance.state).toBe("terminated");
    instance.reset();
    expect(instance.run("add", 2, 3)).toBe(5);
    instance.drop();
    expect(region.freeSlots).toBe(1);
  });

  test("runs by name and by function, and returns what it returned", () => {
    const instance = build();
    expect([instance.state, instance.run("add", 2, 3), instance.state]).toEqual([
      "ready",
      5,
      "ready",
    ]);
    instance.run("store", 0, 9);
    expect(instance.run(({ slot }) => bytesOf(slot).slice(0, 4))).toEqual(
      new Uint8Array([9, 0, 0, 7]),
    );
    instance.drop();
  });

  test("MR-14: refuses a name that is none, and entry while it runs", () => {
    const instance = build();
    refusal(() => instance.run("nothing"), "symbol-not-found", { symbol: "nothing" });
    refusal(() => instance.run("toString"), "symbol-not-found");
    const state = { state: "running", slot: 0 };
    instance.run((self) => {
      expect(self.state).toBe("running");
      refusal(() => self.run("add", 1, 1), "instance-not-ready", state);
      refusal(() => self.runStart(), "instance-not-ready", state);
      refusal(() => self.reset(), "instance-not-ready", state);
      refusal(() => self.drop(), "instance-not-ready", state);
      self.growMemory(1); // as a host function may
    });
    expect([instance.state, instance.slot.heapLength]).toEqual(["ready", 2 * PAGE]);
    instance.drop();
  });

  test("MR-15: a fault may be run again; what else is thrown must be reset; the cause is kept", () => {
    const instance = build();
    const fault = refusal(() => instance.run("overflow"), "runtime-fault", { slot: 0 });
    expect(fault.cause).toBeInstanceOf(RangeError);
    expect([instance.state, instance.cause]).toEqual(["faulted", fault.cause]);
    expect([instance.run("add", 1, 1), instance.state]).toEqual([2, "ready"]);
    const ended = refusal(() => instance.run("fail"), "runtime-terminated", { slot: 0 });
    expect(ended.cause).toEqual(new RangeError("mine"));
    expect(instance.state).toBe("terminated");
    refusal(() => instance.run("add", 1, 1), "instance-not-ready", { state: "terminated" });
    instance.reset();
    expect([instance.state, instance.cause, instance.run("add", 1, 1)]).toEqual([
      "ready",
      undefined,
      2,
    ]);
    instance.drop();
  });

  test("MR-15: an asynchronous guest poisons: it can only be dropped", () => {
    const region = create(1);
    const instance = build(undefined, region);
    refusal(() => instance.run("later"), "invalid-argument", { argument: "entrypoint" });
    expect(instance.state).toBe("poisoned");
    for (const use of [
      () => instance.run("add", 1, 1),
      () => instance.reset(),
      () => instance.runStart(),
    ]) {
      refusal(use, "instance-not-ready", { state: "poisoned" });
    }
    instance.drop();
    expect([instance.state, instance.dropped, region.freeSlots]).toEqual(["dropped", true, 1]);
  });

  test("reset puts heap and size back, and leaves embed contexts alone", () => {
    const instance = newInstanceBuilder(create(1), new Module(parts))
      .withEmbedCtx(Name, new Name("a"))
      .build();
    instance.run("store", 3, 1);
    expect(instance.growMemory(2)).toBe(1);
    instance.reset();
    expect([instance.slot.heapLength, bytesOf(instance.slot)[3]]).toEqual([PAGE, 7]);
    expect(instance.embedCtx.get(Name)?.text).toBe("a");
    instance.drop();
    expect(instance.embedCtx.size).toBe(0);
  });

  test("a start function must run first, once", () => {
    const started: string[] = [];
    const module = new Module({ ...parts, start: () => started.push("start") });
    const instance = build(module);
    expect(instance.state).toBe("not-started");
    refusal(() => instance.run("add", 1, 1), "instance-needs-start", { slot: 0 });
    refusal(() => instance.run("nothing"), "symbol-not-found");
    instance.runStart();
    expect([instance.state, instance.run("add", 1, 1), started]).toEqual(["ready", 2, ["start"]]);
    refusal(() => instance.runStart(), "start-already-run");
    instance.reset();
    expect(instance.state).toBe("not-started");
    instance.runStart();
    expect(started).toEqual(["start", "start"]);
    instance.drop();
  });

  test("runStart does nothing where there is none", () => {
    const instance = build();
    instance.runStart();
    instance.runStart();
    expect(instance.state).toBe("ready");
    instance.drop();
  });

  test("growMemory counts wasm pages and keeps every limit", () => {
    const instance = build();
    expect([instance.growMemory(0), instance.growMemory(1)]).toEqual([1, 1]);
    const what = "additional pages larger than wasm address space";
    refusal(() => instance.growMemory(65536), "limits-exceeded", { what });
    refusal(() => instance.growMemory(65535), "limits-exceeded");
    refusal(() => instance.growMemory(-1), "invalid-argument");
    refusal(() => instance.growMemory(2), "limits-exceeded");
    expect(instance.slot.heapLength).toBe(2 * PAGE);
    instance.drop();
  });

  test("every use after drop is refused, also when the slot was dropped by itself", () => {
    const instance = build();
    instance.drop();
    const uses = [
      () => instance.run("add", 1, 1),
      () => instance.run(() => 1),
      () => instance.runStart(),
      () => instance.reset(),
      () => instance.drop(),
    ];
    for (const use of uses) refusal(use, "instance-not-ready", { state: "dropped" });
    instance[Symbol.dispose]();
    const other = build();
    other.slot.drop();
    refusal(() => other.run("add", 1, 1), "slot-dropped");
    refusal(() => other.reset(), "slot-dropped");
    refusal(() => other.drop(), "slot-dropped");
  });

  test("the builder passes limit and strategy on, and builds any number", () => {
    const region = create(4);
    const asked: number[] = [];
    const builder = newInstanceBuilder(region, new Module(parts))
      .withHeapSizeLimit(2 * PAGE)
      .withAllocStrategy({
        next(free, capacity) {
          asked.push(free);
          return linear.next(free, capacity);
        },
      })
      .withEmbedCtx(Name, new Name("first"))
      .withEmbedCtx(Name, new Name("second"));
    const [a, b] = [builder.build(), builder.build()];
    expect([asked, region.usedSlots]).toEqual([[4, 3], 2]);
    a.embedCtx.remove(Name);
    expect(b.embedCtx.get(Name)?.text).toBe("second");
    refusal(() => b.growMemory(2), "limits-exceeded", {
      what: "expansion would exceed runtime-specified heap limit",
    });
    for (const instance of [a, b]) instance.drop();
    refusal(() => builder.withHeapSizeLimit(2 ** 21).build(), "invalid-argument");
    expect(region.freeSlots).toBe(4);
  });
});

test("regions of others will do: the builder asks for the interface and nothing else", () => {
  const inner = WasmRegion.create(2);
  const counted: Region<Slot> = {
    backend: "counted",
    limits: inner.limits,
    capacity: 1,
    get freeSlots() {
      return 1 - inner.usedSlots;
    },
    get usedSlots() {
      return inner.usedSlots;
    },
    newInstance: (module, options) => inner.newInstance(module, options),
    close: () => inner.close(),
    [Symbol.dispose]: () => inner[Symbol.dispose](),
  };
  const instance = newInstanceBuilder(counted, new Module({ heap: HEAP })).build();
  expect([instance.run(({ slot }) => slot.heapLength), counted.usedSlots]).toEqual([PAGE, 1]);
  expect(inspect(counted, { slots: [instance.slot] })).toMatchObject({
    backend: "counted",
    slots: [{ use: "in-use", heapLength: PAGE }],
  });
  instance.drop();
  expect(counted.freeSlots).toBe(1);
});

describe("embed contexts", () => {
  const instance = newInstanceBuilder(WasmRegion.create(1), new Module()).build();
  const { embedCtx } = instance;

  test("MR-17: at most one of each class; the one before is returned", () => {
    const [a, b] = [new Name("a"), new Name("b")];
    expect([embedCtx.contains(Name), embedCtx.get(Name)]).toEqual([false, undefined]);
    expect([embedCtx.insert(Name, a), embedCtx.insert(Name, b)]).toEqual([undefined, a]);
    expect(embedCtx.insert(Longer, new Longer("c"))).toBe(undefined); // another type, as in Rust
    expect([embedCtx.size, embedCtx.get(Name), embedCtx.get(Longer)?.text]).toEqual([2, b, "c"]);
    expect([embedCtx.remove(Name), embedCtx.remove(Name), embedCtx.contains(Name)]).toEqual([
      b,
      undefined,
      false,
    ]);
  });

  test.each([
    [Name, {}],
    [Name, null],
    [Longer, new Name("a")],
    ["x", 1],
  ])("refuses what is not of the class: %#", (type, value) => {
    const before = embedCtx.size;
    refusal(() => embedCtx.insert(type as typeof Name, value as Name), "invalid-argument");
    expect(embedCtx.size).toBe(before);
  });
});

describe("on a native slot", () => {
  const module = new Module({ heap: HEAP, globals: [globalOf("i64", 5), globalOf("i32", -1)] });
  const region = (driver = new FakeDriver()): MmapRegion => MmapRegion.create(driver, 1);

  test("MR-16: the guest finds its globals again after a reset", () => {
    const instance = newInstanceBuilder(region(), module).build();
    const globals = ({ slot }: Instance<MmapSlot>): readonly bigint[] => [
      ...slot.i64("globals").slice(0, 3),
    ];
    expect(instance.run(globals)).toEqual([5n, 0xffff_ffffn, 0n]);
    instance.slot.i64("globals").fill(9n);
    instance.slot.u8("stack").fill(9);
    instance.reset();
    expect(instance.run(globals)).toEqual([5n, 0xffff_ffffn, 0n]);
    expect(instance.slot.u8("stack").every((byte) => byte === 0)).toBe(true);
    instance.drop();
  });

  test("MR-15: a reset that fails half-way poisons; one that refuses does not", () => {
    const driver = new FakeDriver();
    const instance = newInstanceBuilder(region(driver), module).build();
    driver.failNext("discard");
    refusal(() => instance.reset(), "system-call-failed");
    expect(instance.state).toBe("poisoned");
    instance.drop();
    const other = newInstanceBuilder(region(), module).build();
    other.growMemory(1);
    structuredClone(other.slot.heap.buffer, { transfer: [other.slot.heap.buffer as ArrayBuffer] });
    refusal(() => other.reset(), "view-out-of-reach");
    expect(other.state).toBe("ready");
    other.drop();
  });

  test("takes no wasm guest, and stays as it was", () => {
    const native = region();
    const wasm = new WasmModule(wat("(module (memory 1))"));
    refusal(() => newInstanceBuilder(native, wasm).build(), "unsupported", { backend: "mmap" });
    expect(native.freeSlots).toBe(1);
  });
});

describe("wasm guests", () => {
  const GUEST = wat(`(module
    (import "env" "host" (func $host))
    (memory 1 3) (data (i32.const 0) "data")
    (global $count (mut i32) (i32.const 10))
    (table 1 funcref)
    (func (export "count") (result i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1))) (global.get $count))
    (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "trap") unreachable)
    (func $deep (export "deep") (call $deep))
    (func (export "host") (call $host)))`);
  const module = new WasmModule(GUEST);
  const build = (host: () => void = () => undefined, program = module): Instance<Slot> => {
    const imports: WasmImports = { env: { host } };
    const region: Region<Slot> = WasmRegion.create(1);
    return newInstanceBuilder(region, program).withImports(imports).build();
  };

  test("run on the slot's memory: each side sees the other's bytes", () => {
    const instance = build();
    expect(instance.run("load", 0)).toBe(0x64);
    instance.run("store", PAGE - 1, 9);
    expect(bytesOf(instance.slot)[PAGE - 1]).toBe(9);
    expect([instance.run("grow", 1), instance.slot.heapLength]).toEqual([1, 2 * PAGE]);
    expect(instance.run("grow", 2)).toBe(-1);
    expect(instance.growMemory(1)).toBe(2);
    instance.drop();
  });

  test.each(["in place", "after growth"])("reset %s: memory, data, globals as they were", (how) => {
    const instance = build();
    instance.run("store", 0, 1);
    expect([instance.run("count"), instance.run("count")]).toEqual([11, 12]);
    if (how === "after growth") instance.run("grow", 1);
    instance.reset();
    expect([instance.run("load", 0), instance.run("count")]).toEqual([0x64, 11]);
    instance.run("store", 1, 5);
    expect([instance.slot.heapLength, bytesOf(instance.slot)[1]]).toEqual([PAGE, 5]);
    instance.drop();
  });

  test("MR-15: traps are faults, what a host function throws terminates", () => {
    let thrown: unknown = new Error("exit");
    const instance = build(() => {
      throw thrown;
    });
    for (const name of ["trap", "deep"]) {
      refusal(() => instance.run(name), "runtime-fault");
      expect([instance.state, instance.run("load", 0)]).toEqual(["faulted", 0x64]);
    }
    const alike = new Error("Maximum call stack size exceeded");
    for (thrown of [new Error("exit"), { code: 3 }, undefined, alike]) {
      const error = refusal(() => instance.run("host"), "runtime-terminated");
      expect([error.cause, instance.state]).toEqual([thrown, "terminated"]);
      instance.reset();
    }
    instance.drop();
  });

  test("MR-14: a host function cannot enter the guest again", () => {
    const instance: Instance<Slot> = build(() => {
      refusal(() => instance.run("count"), "instance-not-ready", { state: "running" });
    });
    instance.run("host");
    expect(instance.state).toBe("ready");
    instance.drop();
  });

  test("one guest may call another", () => {
    const inner = build();
    const outer = build(() => {
      expect(inner.run("count")).toBe(11);
    });
    outer.run("host");
    for (const instance of [inner, outer]) instance.drop();
  });

  test("a start function runs at runStart, not before, and again after reset", () => {
    let runs = 0;
    const program = new WasmModule(
      wat(`(module (import "env" "host" (func $host)) (memory 1)
        (func $main (call $host) (i32.store8 (i32.const 0) (i32.const 1))) (start $main)
        (func (export "load") (result i32) (i32.load8_u (i32.const 0))))`),
    );
    const host = (): void => {
      runs += 1;
    };
    const instance = build(host, program);
    expect([program.hasStart, instance.state, runs]).toEqual([true, "not-started", 0]);
    refusal(() => instance.run("load"), "instance-needs-start");
    refusal(() => instance.run("memory"), "symbol-not-found");
    instance.runStart();
    expect([instance.state, instance.run("load"), runs]).toEqual(["ready", 1, 1]);
    instance.reset();
    expect([instance.state, bytesOf(instance.slot)[0]]).toEqual(["not-started", 0]);
    instance.runStart();
    expect([instance.run("load"), runs]).toEqual([1, 2]);
    instance.drop();
  });

  test("a start function that traps faults, and leaves nothing to run", () => {
    const program = new WasmModule(
      wat('(module (memory 1) (func $main unreachable) (start $main) (func (export "f")))'),
    );
    const instance = build(undefined, program);
    refusal(() => instance.runStart(), "runtime-fault");
    expect(instance.state).toBe("terminated");
    refusal(() => instance.run("f"), "instance-not-ready");
    instance.reset();
    expect(instance.state).toBe("not-started");
    instance.drop();
  });

  test("imports can be made for each instance, so that host functions know whose call it is", () => {
    const region = WasmRegion.create(2);
    const module = new WasmModule(
      wat(
        '(module (import "h" "who" (func (result i32))) (memory 1) (data (i32.const 5) "\\07") (export "who" (func 0)))',
      ),
    );
    let asked = 0;
    const builder = newInstanceBuilder(region, module).withImports((instance) => {
      asked += 1;
      expect(instance.state).toBe("running"); // nobody can enter what is being made
      for (const early of [
        () => instance.run(() => 1),
        () => instance.reset(),
        () => instance.drop(),
      ]) {
        refusal(early, "instance-not-ready", { state: "running" });
      }
      refusal(() => instance.run("who"), "symbol-not-found");
      return { h: { who: () => bytesOf(instance.slot)[5]! + instance.slot.index } };
    });
    const [a, b] = [builder.build(), builder.build()];
    expect([a.run("who"), b.run("who")]).toEqual([7 + a.slot.index, 7 + b.slot.index]);
    a.reset();
    expect([a.run("who"), asked]).toEqual([7 + a.slot.index, 2]);
  });

  test("imports that cannot be made leave the region as it was", () => {
    const region = WasmRegion.create(1);
    const builder = newInstanceBuilder(region, new WasmModule(wat("(module (memory 1))")));
    const mine = new Error("mine");
    const fail = builder.withImports(() => {
      throw mine;
    });
    expect(() => fail.build()).toThrow(mine);
    const bad = { argument: "imports" };
    for (const nothing of [undefined, null, 1]) {
      refusal(() => builder.withImports(() => nothing as never).build(), "invalid-argument", bad);
    }
    refusal(
      () =>
        builder
          .withImports(({ slot }) => {
            slot.drop();
            return {};
          })
          .build(),
      "slot-dropped",
    );
    expect(region.freeSlots).toBe(1);
    builder.withImports({}).build();
  });

  test("a binary is copied: what becomes of the caller's array is not run", () => {
    for (const text of ["(module)", "(module (memory 1))"]) {
      const bytes = wat(text);
      const module = new WasmModule(bytes);
      bytes.fill(0);
      newInstanceBuilder(WasmRegion.create(1), module).build();
    }
  });

  test("what the engine says is in the message, too", () => {
    const region = WasmRegion.create(2);
    const module = new WasmModule(
      wat('(module (import "a" "b" (func)) (memory 1) (func (export "f") unreachable))'),
    );
    const builder = newInstanceBuilder(region, module);
    const unlinked = refusal(() => builder.build(), "instantiation-failed");
    expect(unlinked.message).toContain((unlinked.cause as Error).message);
    const instance = builder.withImports({ a: { b: () => 0 } }).build();
    const fault = refusal(() => instance.run("f"), "runtime-fault");
    expect(fault.message).toContain((fault.cause as Error).message);
    let called = 0;
    class Sly extends WebAssembly.RuntimeError {
      override get message(): string {
        called += 1;
        throw new Error("called");
      }
    }
    refusal(
      () =>
        instance.run(() => {
          const sly = new Sly();
          throw sly;
        }),
      "runtime-fault",
      { reason: "it does not say why" },
    );
    expect(called).toBe(0);
  });

  test("missing imports are a typed error, and the slot is free again", () => {
    const region = WasmRegion.create(1);
    const error = refusal(() => newInstanceBuilder(region, module).build(), "instantiation-failed");
    expect(error.cause).toBeInstanceOf(WebAssembly.LinkError);
    const wrong = newInstanceBuilder(region, module).withImports({ env: { host: 1 } });
    expect(refusal(() => wrong.build(), "instantiation-failed").cause).toBeInstanceOf(
      WebAssembly.LinkError,
    );
    expect(region.freeSlots).toBe(1);
    const starting = new WasmModule(wat('(module (import "env" "host" (func)) (start 0))'));
    const late = newInstanceBuilder(region, starting)
      .withImports({ env: { host: 1 } })
      .build();
    refusal(() => late.runStart(), "instantiation-failed");
    expect(late.state).toBe("not-started");
    late.drop();
  });

  test("compiles in the background, and refuses what the engine refuses", async () => {
    const program = new WasmModule(wat('(module (func (export "f") (result i32) (i32.const 1)))'));
    await program.compile();
    expect([program.memoryImport, program.heap, build(undefined, program).run("f")]).toEqual([
      undefined,
      undefined,
      1,
    ]);
    // a body of no instructions and no end
    const bad = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 3, 1, 1, 0];
    const broken = new WasmModule(new Uint8Array(bad));
    await expect(broken.compile()).rejects.toMatchObject({ code: "malformed-module" });
    refusal(() => build(undefined, broken), "malformed-module");
    refusal(() => new WasmModule(wat("(module (memory 1 1 shared))")), "unsupported");
    refusal(() => new WasmModule(new Uint8Array([1])), "malformed-module");
  });

  test("imports the memory by a name of the host's choice", () => {
    const program = new WasmModule(wat('(module (memory 1) (func (export "f")))'), {
      module: "slot",
      name: "heap",
    });
    expect(program.memoryImport).toEqual({ module: "slot", name: "heap" });
    const instance = build(undefined, program);
    instance.run("f");
    instance.drop();
  });
});

function deeper(n: number): number {
  return deeper(n + 1) + 1;
}
