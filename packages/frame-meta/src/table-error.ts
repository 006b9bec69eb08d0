/**
 * The cases of `FrameError` about tables, types, handles, segments and lists.
 *
 * @module
 */

/** Which part of a table's header differs from what was asked for. */
export type HeaderPart =
  | "magic"
  | "version"
  | "mode"
  | "word layout"
  | "banks"
  | "mmio"
  | "size"
  | "allocator";

/** A case of `FrameError` from tables, types, handles, segments and lists. */
export type TableErrorDetail =
  /** `paddr` is no multiple of 4096. */
  | { readonly code: "not-aligned"; readonly paddr: number }
  /** A device is at frame `pfn`: it has no metadata. */
  | { readonly code: "mmio"; readonly pfn: number }
  /** The bytes given are no table that this program can use with this memory. */
  | {
      readonly code: "header-mismatch";
      readonly part: HeaderPart;
      readonly expected: number;
      readonly got: number;
    }
  /** A table of so many frames needs a buffer of `needed` bytes; `max` is the most that there can be. */
  | { readonly code: "table-too-large"; readonly needed: number; readonly max: number }
  /** An option is not what it must be. */
  | { readonly code: "invalid-option"; readonly option: string; readonly got: string }
  /** Metadata has at most 40 bytes, aligned to 64 at most; inside a list's link 32. */
  | {
      readonly code: "meta-does-not-fit";
      readonly type: string;
      readonly what: "size" | "alignment";
      readonly got: number;
      readonly max: number;
    }
  /** The directory of types has its `capacity` of them. */
  | { readonly code: "directory-full"; readonly type: string; readonly capacity: number }
  /** A type's name has 1 to 96 bytes of UTF-8. */
  | { readonly code: "invalid-type-name"; readonly bytes: number }
  /** The frame has another type than the one asked for. 0 is no type. */
  | {
      readonly code: "type-mismatch";
      readonly pfn: number;
      readonly expected: number;
      readonly got: number;
    }
  /** This agent has not bound the type of frame `pfn`. */
  | { readonly code: "type-not-bound"; readonly pfn: number; readonly type: number }
  /** The frames of this type have no bytes to read and write: it is not declared untyped. */
  | { readonly code: "not-untyped"; readonly type: string }
  /** The number is no raw handle. */
  | { readonly code: "not-a-raw-handle"; readonly got: number }
  /** The raw handle is of generation `got`; the frame has been given away since. */
  | {
      readonly code: "stale-handle";
      readonly pfn: number;
      readonly got: number;
      readonly generation: number;
    }
  /** `onDropPre` of the frame's type returned false, or a page table still maps the frame: the handle is still valid. */
  | { readonly code: "drop-refused"; readonly pfn: number }
  /**
   * `failed` errors, the `cause`, while `frames` frames were torn down. A frame whose `onDrop` threw is unused all the same; what its
   * `onDrop` did not let go of is still taken, and an error among the causes says why.
   */
  | { readonly code: "drop-failed"; readonly frames: number; readonly failed: number }
  /** The frame's type names no field as its lock. */
  | { readonly code: "no-lock"; readonly type: string }
  /** This agent has the lock of frame `pfn`'s metadata already, or the table is of one agent, which would wait for itself. */
  | { readonly code: "locked"; readonly pfn: number }
  /** A segment has at least one frame. */
  | { readonly code: "empty-segment"; readonly start: number; readonly end: number }
  /** A range ends before it starts. */
  | { readonly code: "reversed-range"; readonly start: number; readonly end: number }
  /** Bytes `start`..`end` are not inside a segment of `size` bytes; a split leaves something on both sides. */
  | {
      readonly code: "offset-out-of-bound";
      readonly start: number;
      readonly end: number;
      readonly size: number;
    }
  /** The frame is in list `list`, so it cannot leave by any other way. */
  | { readonly code: "in-list"; readonly pfn: number; readonly list: number }
  /** The frame is one of another table, whose numbers mean nothing here. */
  | { readonly code: "foreign-frame" }
  /** The list was changed by other means than this cursor since the cursor was made. */
  | { readonly code: "cursor-stale"; readonly list: number }
  /** 2^31-1 lists have been made in this table. */
  | { readonly code: "no-more-lists" }
  /** No `frames` frames in a row are free, at a multiple of `align`, below `below` where that is given. */
  | {
      readonly code: "no-memory";
      readonly frames: number;
      readonly align?: number;
      readonly below?: number;
    }
  /** Frame `pfn` is in the free set already: it was freed twice. */
  | { readonly code: "not-taken"; readonly pfn: number }
  /** The table's frames belong to an allocator that this agent has not been told of, or it has none. */
  | { readonly code: "no-allocator" }
  /** The table has an allocator, or a free set. */
  | { readonly code: "has-allocator" }
  /** A table cannot be saved while somebody is at work: on frame `pfn`, or -1. */
  | { readonly code: "not-at-rest"; readonly pfn: number; readonly what: string }
  /** The bytes of a saved table say what cannot be: of frame `pfn`, or -1 where it is no frame's. */
  | { readonly code: "corrupt-table"; readonly pfn: number; readonly what: string }
  /** Another agent of the table has this number. */
  | { readonly code: "agent-taken"; readonly agent: number }
  /** The table knows of no agent with this number, or it is the one that asks. */
  | { readonly code: "no-such-agent"; readonly agent: number }
  /** `agent` has been in the middle of a step for longer than a reaper waits: if it is dead, reap it too. */
  | { readonly code: "agent-pinned"; readonly agent: number }
  /** This agent's number, `agent`, has been reaped by another, though it lives: nothing that it held is its own any more. */
  | { readonly code: "agent-reaped"; readonly agent: number }
  /** No frame is on its way by this token: it has been received, or it is of another table. */
  | { readonly code: "not-in-transit"; readonly transit: number; readonly ticket: number }
  /** What is on its way is of kind `got`. */
  | { readonly code: "wrong-kind"; readonly expected: string; readonly got: string }
  /** So many handles are on their way that the table has no room for another. */
  | { readonly code: "too-many-in-transit"; readonly capacity: number };

/** A number in hex, where that can be. */
export const hex = (n: number): string =>
  Number.isInteger(n) && n >= 0 ? `0x${n.toString(16)}` : String(n);
