/**
 * Host functions from a description: arguments converted, results stored, errors mapped; and typed calls of exports.
 *
 * @module
 */

export {
  type Bindings,
  bindings,
  type Implementation,
  type ImportsOptions,
  type ModuleSpec,
} from "./bindings/bindings.js";
export {
  type Declared,
  type ErrorType,
  type ErrorTypeOptions,
  errorType,
  type Failure,
  failure,
  guestVerdict,
  type Verdict,
} from "./bindings/error-type.js";
export { type ExportsOptions, exportsOf } from "./bindings/exports-of.js";
export type {
  Direct,
  ErrorSpec,
  FallibleSpec,
  FunctionSpec,
  FunctionSpecs,
  HostArg,
  HostArgs,
  HostFunction,
  HostFunctions,
  HostResult,
  Known,
  NoReturnSpec,
  Param,
  PlainSpec,
} from "./bindings/function-spec.js";
export type { AllocatorNames } from "./bindings/guest-allocator.js";
export type { GuestArg, GuestFunction, GuestFunctions } from "./bindings/guest-function.js";
export type { RawFunction } from "./bindings/host-function.js";
export type { Raw } from "./bindings/lift.js";
export type { MemoryOption } from "./bindings/memory-cell.js";
export type { WasmType } from "./bindings/pass.js";
export type { Signature } from "./bindings/signature.js";
export { type CallEvent, formatCall } from "./bindings/trace.js";
