/**
 * A tenant that keeps everything it was ever given, and transfers what it can: on real memory, where a mistake is not a
 * wrong value but the end of the process, and on the fake, which says what was wrong.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MmapRegion, type MmapSlot, type SlotPart } from "../src/mmap.js";
import { drivers } from "./contract/drivers.js";
import { transferAway } from "./support/transfer-away.js";

const PAGE = 4096;
const CAPACITY = 4;
const SIZES = { heapMemorySize: 8 * PAGE, heapAddressSpaceSize: 16 * PAGE };
const PARTS: readonly SlotPart[] = ["heap", "stack", "globals", "sigstack"];

const step = fc.record({
  what: fc.constantFrom("take", "keep", "keep", "steal", "expand", "reset", "drop", "close"),
  pick: fc.nat(7),
  part: fc.constantFrom(...PARTS),
  pages: fc.nat(4),
});

describe.each(drivers)("by %s", (_name, driverOf) => {
  test("MR-9, MR-11: whatever is kept or stolen never shows another tenant's bytes, and never kills", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(2), (steps, warmSlots) => {
        const region = MmapRegion.create(driverOf(), CAPACITY, SIZES, { warmSlots });
        const live: { slot: MmapSlot; mark: number }[] = [];
        const kept: { bytes: Uint8Array; mark: number }[] = [];
        let mark = 0;
        for (const { what, pick, part, pages } of steps) {
          const tenant = live[pick % (live.length || 1)];
          try {
            if (what === "take") {
              const slot = region.newInstance({ heap: { initialSize: pages * PAGE } });
              mark = (mark % 250) + 1;
              for (const name of PARTS)
                expect(slot.u8(name).some((byte) => byte !== 0)).toBe(false);
              for (const name of PARTS) slot.u8(name).fill(mark);
              live.push({ slot, mark });
            } else if (what === "close") {
              if (pick === 0) region[Symbol.dispose]();
            } else if (tenant !== undefined) {
              const { slot } = tenant;
              if (what === "keep") kept.push({ bytes: slot.u8(part), mark: tenant.mark });
              else if (what === "steal") {
                const moved = transferAway(slot.u8(part).buffer);
                if (moved !== undefined)
                  kept.push({ bytes: new Uint8Array(moved), mark: tenant.mark });
              } else if (what === "expand") slot.expandHeap(pages * PAGE);
              else if (what === "reset") slot.reset();
              else {
                live.splice(live.indexOf(tenant), 1);
                slot.drop();
              }
            }
          } catch (error) {
            expect(error).toHaveProperty("code"); // refused, by us, in words
          }
          // Everything that was ever given is touched: dead, the tenant's own, or zeros.
          for (const { bytes, mark: own } of kept) {
            for (let at = 0; at < bytes.length; at += PAGE) {
              expect([0, own]).toContain(bytes[at]);
              bytes[at] = own;
            }
          }
        }
        expect(live.length + region.quarantinedSlots + region.freeSlots).toBe(CAPACITY);
        for (const { slot } of live) slot.drop();
        region[Symbol.dispose]();
        for (const { bytes, mark: own } of kept) {
          for (let at = 0; at < bytes.length; at += PAGE) expect([0, own]).toContain(bytes[at]);
        }
      }),
      { numRuns: 200 },
    );
  });
});
