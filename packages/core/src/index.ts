/**
 * The vocabulary that the packages of memkit share.
 *
 * @packageDocumentation
 */

export { CoreError, type CoreErrorDetail } from "./core-error.js";
export {
  defineError,
  type ErrorClass,
  type ErrorDetail,
  type ErrorOf,
  MemkitError,
} from "./error.js";
export { containsRegion, formatRegion, overlaps, type Region } from "./region.js";
export { type RegistryKey, sharedRegistry } from "./registry.js";
export { type BufferTraits, bufferOf, bufferTraits, type MemorySource } from "./source.js";
export { ViewCache } from "./view-cache.js";
