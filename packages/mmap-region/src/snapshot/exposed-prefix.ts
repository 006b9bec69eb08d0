/**
 * The mark of what `exposeState` has exported. Apart from it, for who looks at instances needs no parser of modules.
 *
 * @module
 */

/** Every name that is added begins so; behind it stand kind and index. */
export const EXPOSED_PREFIX = "memkit:";
