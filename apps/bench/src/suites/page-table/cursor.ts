/**
 * Cursors over pages in order.
 *
 * @module
 */

import { cursorSuite } from "../../cursor-suite.js";

export default cursorSuite("cursor", "page table: a cursor over 65,536 pages in order", false, {
  map: 0.15,
  unmap: 0.2,
  protect: 0.3,
  query: 0.5,
});
