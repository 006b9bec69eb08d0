import { docs } from "../../typedoc.config.mjs";

export default docs(import.meta.dirname, [
  "src/claim.ts:Claim",
  "src/debug/borrow-debugger.ts:Memory",
  "src/guest-value.ts:Named",
  "src/guest-value.ts:CaseInput",
  "src/guest-value.ts:CaseValue",
  "src/bindings/function-spec.ts:Key",
  "src/bindings/function-spec.ts:ParamsOf",
  "src/bindings/function-spec.ts:HostOutcome",
  "src/bindings/guest-function.ts:Args",
  "src/bindings/guest-function.ts:Results",
]);
