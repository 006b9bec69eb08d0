/** A table of frames, shared by a page and two of its workers: only where the page is cross-origin isolated. */

import { struct, u32 } from "@memkit/core";
import { defineFrameMeta, Frame, FrameTable, slotTableBytes } from "@memkit/frame-meta";
import { FrameKernel } from "@memkit/frame-meta/kernel";
import { checkInvariants } from "@memkit/frame-meta/model";
import { expect, it } from "vitest";
import type { Done, Task } from "./frame-worker.js";

const FRAMES = 4;

it.each(["shared", "kernel"] as const)(
  "two workers fight for four frames and lose none, %s",
  async (mode) => {
    const ram = new SharedArrayBuffer(FRAMES * 4096);
    const memory = { buffer: ram };
    const kernel = mode === "kernel" ? FrameKernel.create(slotTableBytes({ memory })) : undefined;
    const table = FrameTable.create(kernel === undefined ? { memory, mode } : { memory, kernel });
    let here = 0;
    const layout = struct(["owner", u32], ["check", u32]);
    table.bind(
      defineFrameMeta({
        name: "owned",
        layout,
        onDrop: () => {
          here += 1;
        },
      }),
    );
    const workers = [1, 2].map(
      () => new Worker(new URL("./frame-worker.ts", import.meta.url), { type: "module" }),
    );
    try {
      const done = workers.map(
        (worker, i) =>
          new Promise<Done>((resolve, reject) => {
            worker.addEventListener("message", ({ data }: MessageEvent<Done>) => resolve(data));
            worker.addEventListener("error", ({ message }) => reject(new Error(message)));
            worker.postMessage({
              ram,
              buffer: table.buffer as SharedArrayBuffer,
              kernel: kernel?.memory,
              frames: FRAMES,
              rounds: 20_000,
              seed: i + 1,
            } satisfies Task);
          }),
      );
      const reports = await Promise.all(done);
      for (const { error } of reports) expect(error).toBeUndefined();
      for (const { token } of reports) if (token !== undefined) Frame.receive(table, token).drop();
      const sum = (of: (report: Done) => number): number =>
        reports.reduce((n, one) => n + of(one), 0);
      expect(sum(({ claimed }) => claimed)).toBeGreaterThan(100);
      // Each life of a frame ended once, wherever.
      expect(sum(({ dropped }) => dropped) + here).toBe(sum(({ claimed }) => claimed));
      for (let pfn = 0; pfn < FRAMES; pfn += 1) expect(table.slots.countOf(pfn)).toBe(-1);
      expect(checkInvariants(table, { atEnd: true })).toEqual({ violations: [], racing: [] });
    } finally {
      for (const worker of workers) worker.terminate();
    }
  },
);
