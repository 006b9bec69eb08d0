/** Images over images: only what differs is kept, and everything comes back (MR-42). Random ones beside copies of everything. */

import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Image, loadImage, saveImage, snapshot } from "../../src/snapshot.js";
import { refusal } from "../expect-error.js";
import { engines } from "./engines.js";
import { imports, MODULE } from "./pool-guests.js";

const LENGTH = 3 * 65536;

const bytesOf = (memory: WebAssembly.Memory): Buffer => Buffer.from(memory.buffer);

type Step = readonly [
  kind: "write" | "increment" | "reset" | "apply" | "grow" | "close",
  at: number,
];
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom("write", "write", "increment", "reset", "apply", "grow", "close"),
  fc.nat({ max: 2 ** 20 }),
);

test.each(engines)("histories of increments: %s", (_name, options) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const memory = new WebAssembly.Memory({ initial: 3, maximum: 8 });
      bytesOf(memory).fill(1, 0, 100_000);
      const first = snapshot(memory, { ...options, grown: "clear" });
      /** All images that are open, each with what it must give. */
      const images: { image: Image; expected: Buffer }[] = [
        { image: first, expected: Buffer.from(bytesOf(memory)) },
      ];
      let current = 0;
      first.apply(memory);
      const check = (): void => {
        const now = bytesOf(memory);
        const { expected } = images[current]!;
        expect(now.compare(expected, 0, expected.length, 0, expected.length)).toBe(0);
        expect(now.subarray(expected.length).every((byte) => byte === 0)).toBe(true);
      };
      for (const [kind, at] of steps) {
        const { image } = images[current]!;
        if (kind === "write")
          bytesOf(memory).fill(
            at % 256,
            at % LENGTH,
            Math.min(LENGTH, (at % LENGTH) + (at % 9000)),
          );
        else if (kind === "grow") {
          if (memory.buffer.byteLength < 7 * 65536) memory.grow(1);
        } else if (kind === "increment") {
          const dirty = image.dirtyPages(memory).length;
          const next = image.increment(memory);
          expect(next.ownPages).toBeLessThanOrEqual(image.ownPages + dirty);
          images.push({ image: next, expected: Buffer.from(bytesOf(memory)) });
        } else if (kind === "reset") {
          image.reset(memory);
          check();
          expect(image.dirtyPages(memory).length).toBe(0);
        } else if (kind === "apply") {
          current = at % images.length;
          images[current]!.image.apply(memory);
          check();
        } else if (images.length > 1) {
          // The others go on without it, whichever it was an increment of.
          const [gone] = images.splice(at % images.length, 1);
          gone!.image.close();
          current = at % images.length;
          images[current]!.image.apply(memory);
          check();
        }
      }
      for (const { image } of images) image.close();
    }),
    { numRuns: 25 },
  );
});

test.each(engines)(
  "an increment has the globals, and goes to other instances and files: %s",
  (_name, options) => {
    const source = new WebAssembly.Instance(MODULE, imports());
    const image = snapshot(source, options);
    const guest = image.instantiate(MODULE, imports());
    guest.call("poke", 21);
    const increment = image.increment(guest);
    expect(increment.ownPages).toBe(1);
    guest.call("poke", 5);
    refusal(() => increment.reset(guest), "image-not-applied");
    image.reset(guest);
    expect(guest.call("peek")).toBe(0);
    image.close();
    const other = increment.instantiate(MODULE, imports());
    expect(other.call("peek")).toBe(42);
    other.call("fill");
    other.reset();
    expect(other.call("peek")).toBe(42);
    refusal(() => image.increment(other), "image-closed");

    const path = join(tmpdir(), `memkit-increment-${process.pid}`);
    saveImage(increment, path);
    increment.close();
    const loaded = loadImage(path, options);
    rmSync(path);
    expect(loaded.instantiate(MODULE, imports()).call("peek")).toBe(42);
    loaded.close();
  },
);

test("nothing is kept of a target that shows another image, or of one that somebody is inside", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const image = snapshot(memory);
  refusal(() => image.increment(memory), "image-not-applied");
  refusal(() => image.increment({} as never), "invalid-argument");
  const codes: string[] = [];
  const whole = snapshot(new WebAssembly.Instance(MODULE, imports()));
  const guest = whole.instantiate(
    MODULE,
    imports(() => codes.push(refusal(() => whole.increment(guest), "guest-inside").code)),
  );
  guest.call("out");
  expect(codes).toEqual(["guest-inside"]);
  image.close();
  whole.close();
});
