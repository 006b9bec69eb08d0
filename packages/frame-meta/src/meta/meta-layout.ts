/**
 * What metadata can be: a record.
 *
 * @module
 */

import type { FieldSpec, Kind, PackedShape, Struct, StructShape } from "@memkit/core";

/** Any record. */
export type MetaLayout = Struct<readonly FieldSpec[], StructShape | PackedShape>;

/**
 * Core's numbers of the kinds that metadata is told apart by. Its whole table would be ten times as many bytes; its types refuse any
 * other number here.
 */
export const STRUCT: typeof Kind.struct = 22;
export const ARRAY: typeof Kind.array = 21;
export const ATOMIC: typeof Kind.atomic = 20;
