/**
 * The code that reads and writes the values of one node: the walk through its layout, or what was emitted for it.
 *
 * Both are called in the same way, through two fields of one class. A choice between them would have V8 inline the walk
 * into its caller, and the emitted code would pay 20 ns for the room that takes.
 *
 * @module
 */

import type { LayoutNode } from "./node.js";
import type { Pointer, PointerEnv, WriteSite } from "./type.js";
import type { Words } from "./words.js";

/** What the code is given of its type: the node to walk, or for emitted code the pointers in it. */
type Own = LayoutNode | readonly Pointer[];

type Read = (
  dv: DataView,
  at: number,
  words: Words | undefined,
  env: PointerEnv | undefined,
  own: never,
) => unknown;

type Write = (
  dv: DataView,
  at: number,
  value: unknown,
  site: WriteSite | undefined,
  env: PointerEnv | undefined,
  own: never,
) => void;

export class BoundCodec {
  readonly read: Read;
  readonly write: Write;
  /** The last argument of both. */
  readonly own: Own;

  constructor(read: Read, write: Write, own: Own) {
    this.read = read;
    this.write = write;
    this.own = own;
  }
}
