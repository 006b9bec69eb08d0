/**
 * A report to look at: one row for each slot, one box for each part, one cell for each page or, where there are more pages
 * than cells, for as many as one cell stands for. Not to scale between parts: a heap's address space is a million times as
 * long as a page.
 *
 * @module
 */

import { HOST_PAGE_SIZE } from "../page-size.js";
import { headline, type PartReport, partsOf, requireReport, sizeText } from "./parts.js";
import type { LayoutPartName, RegionReport, SlotReport, StateRun } from "./report.js";
import { contentsText, slotLine } from "./text.js";

/** Width of each part's box, and its most cells in one line, in units of the drawing. Guards have no cells. */
const BOXES: Readonly<Record<LayoutPartName, { readonly width: number; readonly label: string }>> =
  {
    instance: { width: 12, label: "" },
    heap: { width: 516, label: "heap" },
    "stack-guard": { width: 12, label: "" },
    stack: { width: 132, label: "stack" },
    globals: { width: 48, label: "globals" },
    "sigstack-guard": { width: 12, label: "" },
    sigstack: { width: 56, label: "sigstack" },
    "slot-guard": { width: 12, label: "" },
  };

const CELL = 8;
const MARGIN = 16;
const GAP = 3;
const ROW = 44;
const BAR = 20;
/** Width of the legend's line: the drawing is at least that wide. */
const LEGEND = 560;

/** Colours that differ in lightness too, for eyes and printers without colours. */
const STYLE = [
  "text{font:11px ui-monospace,monospace;fill:#222}",
  ".none{fill:url(#none);stroke:#999}",
  ".unknown{fill:#eee;stroke:#999;stroke-dasharray:2}",
  ".box{fill:#fff;stroke:#555}",
  ".absent{fill:#e2e2e2}",
  ".clean{fill:#9ecae1}",
  ".swapped{fill:#b39ddb}",
  ".dirty{fill:#d1495b}",
].join("");

/** What the cells show, worst first: a cell of many pages has the class of its most used one. */
const STATES: readonly StateRun["state"][] = ["dirty", "swapped", "clean"];

const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

function rect(x: number, y: number, width: number, height: number, kind: string): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" class="${kind}"/>`;
}

function text(x: number, y: number, content: string): string {
  return `<text x="${x}" y="${y}">${escapeXml(content)}</text>`;
}

/**
 * The report as an SVG map: a document of its own, without scripts or anything fetched. Draws every slot of the report; of a
 * region with thousands in use give it some: `toSvg({ ...report, slots: report.slots.slice(0, 50) })`.
 *
 * @example
 * ```ts
 * import { WasmRegion } from "@memkit/mmap-region";
 * import { inspect, toSvg } from "@memkit/mmap-region/inspect";
 *
 * toSvg(inspect(WasmRegion.create(2))).startsWith("<svg "); // => true
 * ```
 */
export function toSvg(report: RegionReport): string {
  requireReport(report);
  const width = Math.max(
    LEGEND,
    report.layout.reduce((sum, { name }) => sum + BOXES[name].width + GAP, -GAP),
  );
  const top = MARGIN + 58;
  const notes = top + report.slots.length * ROW;
  const height = notes + report.notes.length * 14 + MARGIN;
  const title = headline(report);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width + 2 * MARGIN} ${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${STYLE}</style>`,
    '<defs><pattern id="none" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">',
    '<rect width="5" height="5" fill="#fff"/><rect width="1" height="5" fill="#999"/></pattern></defs>',
    rect(0, 0, width + 2 * MARGIN, height, "box"),
    text(MARGIN, MARGIN + 10, title),
    legend(MARGIN + 20),
    labels(report, MARGIN + 52),
    ...report.slots.map((slot, row) => slotRow(report, slot, top + row * ROW)),
    ...report.notes.map((note, n) => text(MARGIN, notes + 10 + n * 14, note)),
    "</svg>",
    "",
  ].join("\n");
}

function legend(y: number): string {
  const entries = ["no access", "absent", "clean", "dirty", "swapped"];
  return entries
    .map((entry, n) => {
      const x = MARGIN + n * 110;
      const kind = entry === "no access" ? "none" : entry;
      return rect(x, y, 10, 10, kind) + text(x + 14, y + 9, entry);
    })
    .join("");
}

/** The names of the parts, above the first slot. */
function labels({ layout }: RegionReport, y: number): string {
  let x = MARGIN;
  return layout
    .map(({ name }) => {
      const { width, label } = BOXES[name];
      const at = x;
      x += width + GAP;
      return label === "" ? "" : text(at, y, label);
    })
    .join("");
}

function slotRow(report: RegionReport, slot: SlotReport, y: number): string {
  let x = MARGIN;
  const boxes = partsOf(report, slot).map((part) => {
    const box = partBox(part, x, y + 14);
    x += BOXES[part.name].width + GAP;
    return box;
  });
  return `<g>${text(MARGIN, y + 10, slotLine(slot))}${boxes.join("")}</g>`;
}

function partBox(part: PartReport, x: number, y: number): string {
  const { width } = BOXES[part.name];
  const tip = `${part.name}, ${sizeText(part.length)}: ${contentsText(part)}`;
  const inside =
    part.accessible === undefined
      ? rect(x, y, width, BAR, "unknown")
      : part.accessible === 0
        ? rect(x, y, width, BAR, "none")
        : openBox(part, part.accessible, x, y, width);
  return `<g><title>${escapeXml(tip)}</title>${inside}</g>`;
}

/** The accessible bytes of a part are its first; what follows them is drawn as long as there is room. */
function openBox(
  part: PartReport,
  accessible: number,
  x: number,
  y: number,
  width: number,
): string {
  const room = accessible < part.length ? Math.floor((width * 5) / 6) : width;
  const most = Math.floor((room - 4) / CELL);
  const share = Math.max(HOST_PAGE_SIZE, accessible / most); // bytes of a cell
  const count = Math.ceil(accessible / share);
  const open = accessible < part.length ? 4 + count * CELL : width;
  const out = [rect(x, y, open, BAR, "box")];
  if (open < width) out.push(rect(x + open, y, width - open, BAR, "none"));
  for (let n = 0; n < count && part.pages !== undefined; n++) {
    const kind = stateIn(part.pages, n * share, (n + 1) * share);
    out.push(rect(x + 2 + n * CELL, y + 2, CELL - 1, BAR - 4, kind));
  }
  return out.join("");
}

function stateIn(pages: readonly StateRun[], from: number, to: number): string {
  const there = pages.filter(({ offset, length }) => offset < to && offset + length > from);
  return STATES.find((state) => there.some((run) => run.state === state)) ?? "absent";
}
