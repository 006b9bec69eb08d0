/**
 * The one handle on a frame that nobody else has, by which all of its metadata can be written.
 *
 * @module
 */

export { UniqueFrame } from "./frame/unique-frame.js";
