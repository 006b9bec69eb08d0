import { docs } from "../../typedoc.config.mjs";

export default docs(import.meta.dirname, [
  "src/address.ts:Branded",
  "src/layout/size-arithmetic.ts:NumberOf",
  "src/layout/size-types.ts:Align",
  "src/layout/size-types.ts:AtMost",
  "src/layout/size-types.ts:Size",
  "src/layout/struct.ts:Byte",
  "src/layout/struct.ts:Named",
  "src/layout/variant.ts:CaseValue",
  "src/layout/variant.ts:NameOf",
  "src/vm-memory.ts:VmRange",
]);
