/**
 * Looks at a region: its slots, their layout, access, and which pages are in memory and written, as data, as text and as a map.
 *
 * @module
 */

export { type InspectOptions, inspect } from "./inspect/inspect.js";
export type {
  LayoutPart,
  LayoutPartName,
  PageTotals,
  ProtectedRun,
  RegionReport,
  SlotReport,
  SlotUse,
  StateRun,
} from "./inspect/report.js";
export { toSvg } from "./inspect/svg.js";
export { toText } from "./inspect/text.js";
