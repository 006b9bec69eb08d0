/**
 * Cursors that jump to each page.
 *
 * @module
 */

import { cursorSuite } from "../../cursor-suite.js";

export default cursorSuite("random", "page table: a cursor over 65,536 pages, shuffled", true, {
  map: 0.5,
  unmap: 0.5,
  protect: 0.6,
  query: 1.1,
});
