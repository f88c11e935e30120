/** For the engine, the laws and the other packages of the family. Not covered by semantic versioning. */
export { type CachedCall, cachedTrace } from './api/jit.js';
export { blasProducts } from './backends/blas/engine.js';
export { executable, type Prepared } from './backends/engine.js';
export { engineWith } from './backends/wasm/engine.js';
export { type Profile, type Profiler, profiler, type StepTime } from './backends/wasm/profile.js';
export { NEXT as NEXT_BLOCK } from './backends/wasm/threads/control.js';
export { GRAIN } from './backends/wasm/threads/cut.js';
export { memberScript, memberStarter, type Started, type StartMember } from './backends/wasm/threads/start.js';
export { avalOf, sameAval } from './ir/aval.js';
export { graphAvals, lastUses, outputAvals, withInputs } from './ir/graph.js';
export type { Traced } from './trace/builder.js';
export { replay } from './trace/replay.js';
export { type TracedTree, traceCall, traceFlat, traceTree } from './trace/trace.js';
export { batchGraph } from './transforms/batch.js';
export { type Inside, lookInside, openCalls } from './transforms/inside.js';
export { jvpGraph, jvpGraphSplit } from './transforms/jvp.js';
export { linearizeGraph } from './transforms/linearize.js';
export { dependsOn, transposeGraph } from './transforms/transpose.js';
