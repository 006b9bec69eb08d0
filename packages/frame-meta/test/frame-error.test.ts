/** Every code has a sentence, in the module that throws it. */

import { FrameError, type FrameErrorDetail } from "@memkit/frame-meta";
import "@memkit/frame-meta/agents";
import "@memkit/frame-meta/alloc";
import "@memkit/frame-meta/list";
import "@memkit/frame-meta/save";
import "@memkit/frame-meta/segment";
import "@memkit/frame-meta/slots";
import "@memkit/frame-meta/untyped";
import { describe, expect, it } from "vitest";

const word = { index: 10, word: 3 };
const type = "page";
const details: { [C in FrameErrorDetail["code"]]: FrameErrorDetail & { code: C } } = {
  unused: { code: "unused", ...word },
  unique: { code: "unique", ...word },
  busy: { code: "busy", ...word },
  overflow: { code: "overflow", ...word },
  "in-use": { code: "in-use", ...word, pfn: 3 },
  "count-at-max": { code: "count-at-max", ...word },
  "out-of-bound": { code: "out-of-bound", index: 4, length: 4 },
  "not-a-word": { code: "not-a-word", got: 0.5 },
  "count-too-wide": { code: "count-too-wide", got: 2n ** 40n },
  "not-aligned": { code: "not-aligned", paddr: 5 },
  mmio: { code: "mmio", pfn: 3 },
  "header-mismatch": { code: "header-mismatch", part: "size", expected: 2, got: 1 },
  "table-too-large": { code: "table-too-large", needed: 2 ** 40, max: 0 },
  "invalid-option": { code: "invalid-option", option: "types", got: "-1" },
  "meta-does-not-fit": { code: "meta-does-not-fit", type, what: "size", got: 41, max: 40 },
  "directory-full": { code: "directory-full", type, capacity: 64 },
  "invalid-type-name": { code: "invalid-type-name", bytes: 97 },
  "type-mismatch": { code: "type-mismatch", pfn: 3, expected: 1, got: 2 },
  "type-not-bound": { code: "type-not-bound", pfn: 3, type: 2 },
  "not-untyped": { code: "not-untyped", type },
  "not-a-raw-handle": { code: "not-a-raw-handle", got: -1 },
  "stale-handle": { code: "stale-handle", pfn: 3, got: 1, generation: 2 },
  "drop-refused": { code: "drop-refused", pfn: 3 },
  "drop-failed": { code: "drop-failed", frames: 5, failed: 2 },
  "no-lock": { code: "no-lock", type },
  locked: { code: "locked", pfn: 3 },
  "empty-segment": { code: "empty-segment", start: 0, end: 0 },
  "reversed-range": { code: "reversed-range", start: 4096, end: 0 },
  "offset-out-of-bound": { code: "offset-out-of-bound", start: 0, end: 4096, size: 0 },
  "in-list": { code: "in-list", pfn: 3, list: 1 },
  "foreign-frame": { code: "foreign-frame" },
  "cursor-stale": { code: "cursor-stale", list: 1 },
  "no-more-lists": { code: "no-more-lists" },
  "no-memory": { code: "no-memory", frames: 3, below: 2 ** 32 },
  "not-taken": { code: "not-taken", pfn: 3 },
  "no-allocator": { code: "no-allocator" },
  "has-allocator": { code: "has-allocator" },
  "not-at-rest": { code: "not-at-rest", pfn: -1, what: "an agent is in a step" },
  "corrupt-table": { code: "corrupt-table", pfn: 3, what: "its usage is 9" },
  "agent-taken": { code: "agent-taken", agent: 3 },
  "no-such-agent": { code: "no-such-agent", agent: 3 },
  "agent-reaped": { code: "agent-reaped", agent: 3 },
  "agent-pinned": { code: "agent-pinned", agent: 3 },
  "not-in-transit": { code: "not-in-transit", transit: 3, ticket: 1 },
  "wrong-kind": { code: "wrong-kind", expected: "handle", got: "unique" },
  "too-many-in-transit": { code: "too-many-in-transit", capacity: 64 },
};

describe("FrameError", () => {
  it.each(Object.entries(details))("%s has a sentence", (code, detail) => {
    const { message } = new FrameError(detail);
    expect(message.length).toBeGreaterThan(15);
    expect(message).not.toBe(code);
    expect(message).not.toMatch(/undefined|NaN|\[object|function/);
  });
});
