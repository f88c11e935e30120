/**
 * Pure functional automatic differentiation: trace a function, transform its graph, run it.
 *
 * @module @natgrad/autodiff
 */
export { asScalar } from '@natgrad/tensor';
export * from './api/forward.js';
export * from './api/hessian.js';
export { checkpoint, type JitOptions, jit, traceGraph, tryJit, tryTrace } from './api/jit.js';
export { type GaussNewtonOperator, jitGaussNewton, jitLinearize } from './api/jit-linearize.js';
export * from './api/ops.js';
export { grad, jacrev, valueAndGrad, vjp } from './api/reverse.js';
export * from './api/tree.js';
export * from './api/types.js';
export * from './api/vmap.js';
export { type BlasOptions, blasEngine, blasLibrary } from './backends/blas/engine.js';
export type { Blas, NoBlas } from './backends/blas/library.js';
export { blas, defaultEngine, portableEngine, wasm } from './backends/default.js';
export type { Engine, Executable, Prepared } from './backends/engine.js';
export { interpreter } from './backends/interpreter.js';
export { type ProgramNode, type ProgramStage, programStages } from './backends/stages.js';
export { type EngineStatistics, type WasmEngine, type WasmOptions, wasmEngine } from './backends/wasm/engine.js';
export { explain } from './backends/wasm/explain.js';
export type { MemoryStatistics } from './backends/wasm/memory.js';
export { detect as platform, type Missing, type Platform } from './backends/wasm/platform.js';
export type { ThreadStatistics } from './backends/wasm/threads/team.js';
export type { Aval, MaybeZero, Value } from './ir/aval.js';
export { checkGraph } from './ir/check.js';
export * from './ir/domain.js';
export type { Graph, Node } from './ir/graph.js';
export type { Lowering } from './ir/lowering.js';
export {
  type AnyPrimitive,
  type Batched,
  definePrimitive,
  isLinear,
  isPrimitive,
  type LinearArgument,
  type Primitive,
  type PrimitiveRecord,
  type TransposeArgument,
} from './ir/primitive.js';
export { printGraph } from './ir/print.js';
export { bind, bind1 } from './trace/bind.js';
