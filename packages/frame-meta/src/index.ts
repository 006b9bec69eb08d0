/**
 * Reference-counted metadata of physical frames. Today: the reference count.
 *
 * @packageDocumentation
 */

export { FrameError, type FrameErrorDetail, type RefusedState } from "./frame-error.js";
export { fromOstdCount, toOstdCount } from "./ostd-count.js";
export {
  decShared,
  decSingle,
  incShared,
  incSingle,
  type MetaSlotStatus,
  REF_COUNT_BUSY,
  REF_COUNT_MAX,
  REF_COUNT_UNIQUE,
  REF_COUNT_UNUSED,
  Refusal,
  statusOf,
  tryDecShared,
  tryDecSingle,
  tryIncShared,
  tryIncSingle,
} from "./ref-count.js";
