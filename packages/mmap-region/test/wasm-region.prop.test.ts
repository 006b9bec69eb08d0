/** Random histories of a region against a model made of plain arrays. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { WasmRegion, type WasmSlot } from "../src/index.js";
import { uncheckedRecycle } from "../src/unchecked.js";
import { refusal } from "./expect-error.js";
import { GUEST } from "./wat.js";

const PAGE = 65536;
const CAPACITY = 3;
const REGION_PAGES = 4;
const MODULE = new WebAssembly.Module(GUEST);

interface Tenant {
  readonly slot: WasmSlot;
  readonly initial: number;
  /** Pages it may reach. */
  readonly most: number;
  pages: number;
  /** What the heap should hold: position to byte, all others 0. */
  bytes: Map<number, number>;
  guest: Record<string, (...args: number[]) => number>;
}

class Model {
  readonly tenants: Tenant[] = [];
  readonly free: number[] = Array.from({ length: CAPACITY }, (_, n) => n);
}
type Command = fc.Command<Model, WasmRegion>;

/** A step on one live tenant. */
function onTenant(
  pick: number,
  name: string,
  act: (tenant: Tenant, model: Model) => void,
): Command {
  return {
    check: (model) => model.tenants.length > 0,
    run(model, region) {
      act(model.tenants[pick % model.tenants.length]!, model);
      agree(model, region);
    },
    toString: () => `${name}(${pick})`,
  };
}

function instance(slot: WasmSlot): Tenant["guest"] {
  const { exports } = new WebAssembly.Instance(MODULE, { env: { memory: slot.memory } });
  return exports as Tenant["guest"];
}

/** The region says what the model says: counts, sizes, and every byte of every heap. */
function agree(model: Model, region: WasmRegion): void {
  expect([region.freeSlots, region.usedSlots]).toEqual([model.free.length, model.tenants.length]);
  for (const { slot, pages, bytes, guest } of model.tenants) {
    const heap = Buffer.from(slot.heap.buffer as ArrayBuffer);
    const expected = Buffer.alloc(pages * PAGE);
    for (const [at, byte] of bytes) expected[at] = byte;
    expect(heap.equals(expected)).toBe(true);
    expect(guest.size?.()).toBe(pages);
  }
}

const newInstance = fc
  .record({
    initial: fc.nat(REGION_PAGES + 1),
    max: fc.option(fc.nat(6), { nil: undefined }),
    limit: fc.option(fc.nat(5), { nil: undefined }),
  })
  .map(
    ({ initial, max, limit }): Command => ({
      check: () => true,
      run(model, region) {
        const heap = {
          initialSize: initial * PAGE,
          maxSize: max === undefined ? undefined : max * PAGE,
        };
        const heapLimit = limit === undefined ? undefined : limit * PAGE;
        const take = (): WasmSlot => region.newInstance({ heap }, { heapLimit });
        const ceiling = limit ?? REGION_PAGES;
        if (ceiling > REGION_PAGES) refusal(take, "invalid-argument");
        else if (initial > ceiling) refusal(take, "limits-exceeded");
        else if (max !== undefined && initial > max) refusal(take, "incorrect-module");
        else if (model.free.length === 0) refusal(take, "region-full", { capacity: CAPACITY });
        else {
          const slot = take();
          expect(slot.index).toBe(model.free.pop());
          const most = Math.min(ceiling, max ?? ceiling);
          model.tenants.push({
            slot,
            initial,
            most,
            pages: initial,
            bytes: new Map(),
            guest: instance(slot),
          });
        }
        agree(model, region);
      },
      toString: () => `newInstance(${initial}, ${max}, ${limit})`,
    }),
  );

const pick = fc.nat(20);
const leave = (how: (slot: WasmSlot) => void, name: string) => (n: number) =>
  onTenant(n, name, (tenant, model) => {
    const view = new Uint8Array(tenant.slot.heap.buffer);
    how(tenant.slot);
    expect(view.length).toBe(0);
    model.tenants.splice(model.tenants.indexOf(tenant), 1);
    model.free.push(tenant.slot.index);
  });

const commands = [
  newInstance,
  pick.map(leave((slot) => slot.drop(), "drop")),
  // In this test the old instance is never called again: the caller's duty is kept.
  pick.map(leave(uncheckedRecycle, "recycle")),
  fc.tuple(pick, fc.nat(5), fc.boolean()).map(([n, pages, byGuest]) =>
    onTenant(n, byGuest ? `guestGrow ${pages}` : `expandHeap ${pages}`, (tenant) => {
      const before = tenant.pages;
      const fits = before + pages <= tenant.most;
      if (byGuest) expect(tenant.guest.grow?.(pages)).toBe(fits ? before : -1);
      else if (fits || pages === 0)
        expect(tenant.slot.expandHeap(pages * PAGE)).toBe(before * PAGE);
      else refusal(() => tenant.slot.expandHeap(pages * PAGE), "limits-exceeded");
      if (fits) tenant.pages += pages;
    }),
  ),
  fc
    .tuple(pick, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean())
    .map(([n, where, byte, byGuest]) =>
      onTenant(n, "write", (tenant) => {
        if (tenant.pages === 0) return;
        const at = where % (tenant.pages * PAGE);
        if (byGuest) tenant.guest.store?.(at, byte);
        else new Uint8Array(tenant.slot.heap.buffer)[at] = byte;
        tenant.bytes.set(at, byte);
      }),
    ),
  pick.map((n) =>
    onTenant(n, "reset", (tenant) => {
      const grown = tenant.pages !== tenant.initial;
      expect(tenant.slot.reset()).toBe(grown ? "new-memory" : "same-memory");
      tenant.bytes = new Map();
      tenant.pages = tenant.initial;
      if (grown) tenant.guest = instance(tenant.slot);
    }),
  ),
];

test("any history of a region agrees with the model (MR-2, MR-4, MR-6, MR-7)", () => {
  fc.assert(
    fc.property(fc.commands(commands, { maxCommands: 30 }), (history) => {
      const region = WasmRegion.create(CAPACITY, { heapMemorySize: REGION_PAGES * PAGE });
      fc.modelRun(() => ({ model: new Model(), real: region }), history);
    }),
    { numRuns: 150 },
  );
}, 60_000);
