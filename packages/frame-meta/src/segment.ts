/**
 * Frames that follow each other, under one handle.
 *
 * @module
 */

export { Segment } from "./frame/segment.js";
