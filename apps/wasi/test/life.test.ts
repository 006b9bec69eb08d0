/** Traps, exits, poisoning, and memory that grows in the middle of a host call. */

import { GuestError } from "@memkit/guest-memory";
import { describe, expect, it } from "vitest";
import { CountingAccess } from "../src/counting-access.js";
import { UncheckedAccess } from "../src/unchecked-access.js";
import { BUFFER, OUT, stage, VECTORS } from "./fixtures.js";
import { assemble, makeGuest, mustOpen, temporaryDirectory, watFor } from "./harness.js";

function thrown(run: () => unknown): unknown {
  try {
    return { returned: run() };
  } catch (error) {
    return error;
  }
}

/** Each function does something fatal inside catch_all and notes in memory that it went on. */
const stubborn = assemble(
  watFor(`
    (func $note (i32.store (i32.const 256) (i32.const 1)))
    (func (export "swallow_exit")
      (try (do (call $proc_exit (i32.const 7))) (catch_all (call $note)))
      (call $note))
    (func (export "swallow_pointer")
      (try
        (do (drop (call $random_get (i32.const 65530) (i32.const 100))))
        (catch_all (call $note)))
      (call $note))
    (func (export "swallow_fault")
      (try
        (do (drop (call $fd_write (i32.const 1) (i32.const 8192) (i32.const 1) (i32.const 16384))))
        (catch_all (call $note)))
      (call $note))
    (func $deeper
      (try
        (do (drop (call $fd_write (i32.const 1) (i32.const 8192) (i32.const 2) (i32.const 16384))))
        (catch_all (call $note)))
      (call $deeper))
    (func (export "exhaust_stack") (try (do (call $deeper)) (catch_all (call $note))))`),
).module;

describe("a guest that catches everything", () => {
  it("does not survive proc_exit", () => {
    const guest = makeGuest({ module: stubborn });
    const error = thrown(() => guest.call("swallow_exit"));
    expect(error).toMatchObject({ code: "exit", status: 7 });
    expect(guest.dv().getUint32(256, true)).toBe(0);
  });

  it("does not survive a bad pointer, and is poisoned", () => {
    const guest = makeGuest({ module: stubborn });
    expect(thrown(() => guest.call("swallow_pointer"))).toMatchObject({
      code: "ptr-out-of-bounds",
    });
    expect(guest.dv().getUint32(256, true)).toBe(0);
    const again = thrown(() => guest.call("sched_yield"));
    expect(again).toMatchObject({ code: "poisoned" });
    expect((again as Error).cause).toMatchObject({ code: "ptr-out-of-bounds" });
  });

  it("does not survive a fault of the host, which names the call and keeps the cause", () => {
    const cause = new TypeError("the sink is broken");
    const guest = makeGuest({
      module: stubborn,
      stdout: () => {
        throw cause;
      },
    });
    guest.vectors(8192, [BUFFER, 4]);
    const error = thrown(() => guest.call("swallow_fault"));
    expect(error).toBeInstanceOf(GuestError);
    expect(error).toMatchObject({ code: "host-threw", func: "fd_write" });
    expect((error as Error).cause).toBe(cause);
    expect(guest.dv().getUint32(256, true)).toBe(0);
    expect(thrown(() => guest.call("sched_yield"))).toMatchObject({ code: "poisoned" });
  });

  it("does not survive a fault of the callback that is told of every call", () => {
    const cause = new TypeError("the observer is broken");
    const guest = makeGuest({
      module: stubborn,
      onCall: () => {
        throw cause;
      },
    });
    const error = thrown(() => guest.call("swallow_fault"));
    expect(error).toMatchObject({ code: "host-threw", func: "fd_write", cause });
    expect(guest.dv().getUint32(256, true)).toBe(0);
  });
});

it("a guest that runs out of stack, in a host call or not, ends without having caught it", () => {
  const guest = makeGuest({ module: stubborn });
  guest.vectors(8192, [BUFFER, 4], [BUFFER, 8]);
  expect(thrown(() => guest.call("exhaust_stack"))).toMatchObject({ code: "guest-trap" });
  expect(guest.dv().getUint32(256, true)).toBe(0);
  expect(guest.memory.hasOutstandingBorrows()).toBe(false);
  expect(thrown(() => guest.call("sched_yield"))).toMatchObject({ code: "poisoned" });
});

it("exit codes are u32", () => {
  expect(thrown(() => makeGuest().call("proc_exit", -1))).toMatchObject({
    code: "exit",
    status: 0xffff_ffff,
  });
});

it("a source that gives more than was asked for is the host's fault, not the guest's", () => {
  const guest = makeGuest({ stdin: (max) => new Uint8Array(max + 1) });
  guest.vectors(VECTORS, [BUFFER, 4]);
  const error = thrown(() => guest.call("fd_read", 0, VECTORS, 1, OUT));
  expect(error).toMatchObject({ code: "host-threw", func: "fd_read" });
});

it("a refusal comes before the source has given up bytes that nobody would get", () => {
  let asked = 0;
  const guest = makeGuest({
    stdin: () => {
      asked += 1;
      return new Uint8Array(1);
    },
  });
  guest.vectors(VECTORS, [BUFFER, 4], [BUFFER, 4]);
  expect(guest.call("fd_read", 0, VECTORS, 2, OUT)).toBe("EFAULT");
  expect(asked).toBe(0);
});

describe("memory that grows inside a host call", () => {
  it("during fd_write: the sink has what was written, the result arrives in the grown memory", () => {
    const seen: string[] = [];
    const guest = makeGuest({
      stdout: (bytes) => {
        guest.grow(1);
        seen.push(Buffer.from(bytes).toString());
      },
    });
    guest.put(BUFFER, "hello ");
    guest.put(BUFFER + 0x100, "world");
    guest.vectors(VECTORS, [BUFFER, 6], [BUFFER + 0x100, 5]);
    expect(guest.call("fd_write", 1, VECTORS, 2, OUT)).toBe("ESUCCESS");
    expect(seen).toEqual(["hello world"]);
    expect(guest.bytes().length).toBe(2 * 65536);
    expect(guest.dv().getUint32(OUT, true)).toBe(11);
  });

  it("during fd_read: the bytes arrive in the grown memory", () => {
    const guest = makeGuest({
      stdin: () => {
        guest.grow(2);
        return Buffer.from("abcdef");
      },
    });
    guest.vectors(VECTORS, [BUFFER, 4], [BUFFER + 0x100, 4]);
    expect(guest.call("fd_read", 0, VECTORS, 2, OUT)).toBe("ESUCCESS");
    expect(guest.dv().getUint32(OUT, true)).toBe(6);
    expect(Buffer.from(guest.bytes().slice(BUFFER, BUFFER + 4)).toString()).toBe("abcd");
    expect(Buffer.from(guest.bytes().slice(BUFFER + 0x100, BUFFER + 0x102)).toString()).toBe("ef");
  });

  it("a sink may keep the bytes: they are its own", () => {
    const kept: Uint8Array[] = [];
    const guest = makeGuest({ stdout: (bytes) => void kept.push(bytes) });
    guest.put(BUFFER, "keep");
    guest.vectors(VECTORS, [BUFFER, 4]);
    guest.call("fd_write", 1, VECTORS, 1, OUT);
    guest.put(BUFFER, "lost");
    guest.grow(1);
    expect(Buffer.from(kept[0] ?? []).toString()).toBe("keep");
  });

  it("a sink may enter the guest again: no borrow is out", () => {
    const guest = makeGuest({
      stdout: () => {
        expect(guest.call("clock_time_get", 1, 0n, 0x5000)).toBe("ESUCCESS");
      },
    });
    guest.vectors(VECTORS, [BUFFER, 4]);
    expect(guest.call("fd_write", 1, VECTORS, 1, OUT)).toBe("ESUCCESS");
  });
});

describe("the other two kinds of access", () => {
  it("the counting one counts grants, refusals and the peak, and gives everything back", () => {
    const directory = temporaryDirectory();
    let counting: CountingAccess | undefined;
    const guest = makeGuest({
      preopens: [{ host: directory, guest: "/" }],
      access: (memory) => {
        counting = new CountingAccess(memory);
        return counting;
      },
    });
    const fd = mustOpen(guest, "f", { oflags: 1 });
    guest.vectors(VECTORS, [BUFFER, 4], [BUFFER, 4]);
    expect(guest.call("fd_write", fd, VECTORS, 2, OUT)).toBe("ESUCCESS");
    expect(guest.call("fd_read", fd, VECTORS, 2, OUT)).toBe("EFAULT");
    expect(counting?.counts).toEqual({
      reads: 5, // a path and four iovecs
      writes: 2, // a descriptor and a length
      granted: 5, // three for the write, the table and one buffer for the read
      refused: 1,
      peak: 3,
      outstanding: 0,
    });
  });

  it("the unchecked one does the same work on good input, across growth", () => {
    const guest = makeGuest({
      args: ["a", "é"],
      access: (memory) => new UncheckedAccess(memory.source),
    });
    guest.grow(1);
    expect(guest.call("args_sizes_get", OUT, OUT + 4)).toBe("ESUCCESS");
    expect([guest.dv().getUint32(OUT, true), guest.dv().getUint32(OUT + 4, true)]).toEqual([2, 5]);
    expect(guest.call("args_get", OUT, BUFFER)).toBe("ESUCCESS");
    expect(Buffer.from(guest.bytes().slice(BUFFER, BUFFER + 5)).toString()).toBe("a\0é\0");
  });
});

it("lengths of strings count UTF-8 bytes and the NUL", () => {
  const guest = makeGuest({ args: ["é", "日本"], env: { K: "ü" } });
  guest.call("args_sizes_get", OUT, OUT + 4);
  expect([guest.dv().getUint32(OUT, true), guest.dv().getUint32(OUT + 4, true)]).toEqual([2, 10]);
  guest.call("environ_sizes_get", OUT, OUT + 4);
  expect([guest.dv().getUint32(OUT, true), guest.dv().getUint32(OUT + 4, true)]).toEqual([1, 5]);
});

it.each([
  ["an argument with a NUL", { args: ["a\0b"] }],
  ["an argument with half a character", { args: ["\ud800"] }],
  ["a variable without a name", { env: { "": "x" } }],
  ["a variable with = in its name", { env: { "a=b": "x" } }],
  ["a directory with a NUL in its name", { preopens: [{ host: "/", guest: "a\0" }] }],
])("%s is refused before anything runs", (_what, options) => {
  expect(thrown(() => makeGuest(options))).toMatchObject({ code: "invalid-string" });
});

it("a directory that is not there is refused with its name and the cause", () => {
  const error = thrown(() => makeGuest({ preopens: [{ host: "/no/such", guest: "/x" }] }));
  expect(error).toMatchObject({ code: "preopen-failed", host: "/no/such", guest: "/x" });
  expect((error as Error).cause).toMatchObject({ code: "ENOENT" });
});

it("a closed host has closed every descriptor", () => {
  const { guest } = stage();
  expect(guest.host.openDescriptors).toBe(5);
  guest.host.close();
  expect(guest.host.openDescriptors).toBe(0);
  expect(guest.call("fd_close", 3)).toBe("EBADF");
  expect(guest.call("fd_write", 1, VECTORS, 1, OUT)).toBe("EBADF");
});
