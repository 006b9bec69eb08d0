/**
 * What metadata can be: a record.
 *
 * @module
 */

import type { FieldSpec, PackedShape, Struct, StructShape } from "@memkit/core";

/** Any record. */
export type MetaLayout = Struct<readonly FieldSpec[], StructShape | PackedShape>;
