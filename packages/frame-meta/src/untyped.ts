/**
 * The bytes of untyped memory: readers and writers of frames and segments, and a reader for who is told of a frame's end.
 *
 * @module
 */

export { type ReadableDropContext, readerOf, withReader, writerOf } from "./frame/untyped.js";
