/** A page's worker that works on a table of frames beside others: see frames.test.ts. */

import { struct, u32 } from "@memkit/core";
import {
  defineFrameMeta,
  Frame,
  FrameError,
  FrameTable,
  type FrameToken,
} from "@memkit/frame-meta";
import { FrameKernel, type KernelMemory } from "@memkit/frame-meta/kernel";

/** What a worker is started with. */
export interface Task {
  readonly ram: SharedArrayBuffer;
  readonly buffer: SharedArrayBuffer;
  readonly kernel: KernelMemory | undefined;
  readonly frames: number;
  readonly rounds: number;
  readonly seed: number;
}

/** What it says when it is done. */
export interface Done {
  readonly claimed: number;
  readonly dropped: number;
  readonly token: FrameToken | undefined;
  readonly error: string | undefined;
}

const PAGE = 4096;

function work({ ram, buffer, kernel, frames, rounds, seed }: Task): Done {
  const memory = { buffer: ram };
  const table = FrameTable.attach(
    kernel === undefined ? { memory, buffer } : { memory, kernel: FrameKernel.attach(kernel) },
  );
  let dropped = 0;
  const owned = defineFrameMeta({
    name: "owned",
    layout: struct(["owner", u32], ["check", u32]),
    onDrop: ({ meta }) => {
      if (meta.check !== (meta.owner ^ 0x5a5a)) throw new Error("half-written metadata");
      dropped += 1;
    },
  });
  table.bind(owned);
  let random = seed;
  const next = (n: number): number => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    return (random >>> 16) % n;
  };
  const held: Frame[] = [];
  let claimed = 0;
  for (let round = 0; round < rounds; round += 1) {
    const paddr = next(frames) * PAGE;
    try {
      if (next(2) === 0) {
        held.push(Frame.fromUnused(table, paddr, owned, { owner: seed, check: seed ^ 0x5a5a }));
        claimed += 1;
      } else held.push(Frame.fromInUse(table, paddr));
    } catch (error) {
      const usual = ["busy", "in-use", "unused", "unique"];
      if (!(error instanceof FrameError && usual.includes(error.code))) throw error;
    }
    if (held.length > 3) held.splice(next(held.length), 1)[0]?.drop();
  }
  const token = held.pop()?.send();
  for (const frame of held) frame.drop();
  return { claimed, dropped, token, error: undefined };
}

addEventListener("message", ({ data }: MessageEvent<Task>) => {
  try {
    postMessage(work(data));
  } catch (error) {
    postMessage({ claimed: 0, dropped: 0, token: undefined, error: String(error) } satisfies Done);
  }
});
