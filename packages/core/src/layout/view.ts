/**
 * Opens the view of a type.
 *
 * @module
 */

import { ElementsView, hasView } from "./array-view.js";
import { AtomicCell } from "./atomic-cell.js";
import { Kind } from "./kind.js";
import type { LayoutNode } from "./node.js";
import { type RecordViewClass, recordViewClass } from "./record-view.js";

/** The view of the bytes at `at`; for types that have none, their value. */
export function openView(type: LayoutNode, dv: DataView, at: number): unknown {
  if (!hasView(type)) return type.read(dv, at);
  if (type.kind === Kind.array) return new ElementsView(type, dv, at);
  if (type.kind === Kind.atomic) return new AtomicCell(type, dv, at);
  type.viewClass ??= recordViewClass(type);
  return new (type.viewClass as RecordViewClass)(dv, at);
}
